"""Every JSON document of every fixture, in both profiles, against the schemas in doc/schema; and documents that they must refuse."""

from __future__ import annotations

import copy
import functools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, SAMPLE, fixtures, run, store
from jsonschema import Draft202012Validator

DOCUMENTS = ["dataset_identity", "obs_manifest", "var_manifest", "connectivity_manifest"]
SERVICES = ["health", "info", "datasets"]
PROFILES = ["reference", "strict"]
# What the program refuses with a reason; everything else has to be exported. A gene's name may be too long for a file.
ALWAYS = {"missing_obs", "missing_obsm", "gene_id_column_missing", "genes_odd"}
REFUSED = {"reference": {*ALWAYS, "emb_none", "emb_only_5"}, "strict": ALWAYS}


@functools.cache
def validator(profile: str, document: str) -> Draft202012Validator:
    """The schema of one document."""
    bundle = json.loads((ROOT / f"doc/schema/{profile}.schema.json").read_text())
    Draft202012Validator.check_schema(bundle)
    return Draft202012Validator({"$ref": f"#/$defs/{document}", "$defs": bundle["$defs"]})


def faults(profile: str, document: str, value: Any) -> list[str]:
    """What a schema says against a document."""
    found = validator(profile, document).iter_errors(value)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def loads(text: str, profile: str) -> Any:
    """A document; in the strict profile bare NaN is no JSON."""

    def refuse(token: str) -> float:
        raise ValueError(f"{token} is not valid JSON")

    return json.loads(text, parse_constant=refuse if profile == "strict" else None)


def documents(fixture: dict[str, Any], profile: str, out: Path) -> list[str]:
    """Exports a fixture and says what is wrong with its documents."""
    name = fixture["name"]
    words = ["export", store(fixture), out, "--quiet", "--profile", profile, *fixture.get("oracle_args", [])]
    code = 0
    try:
        run(*words)
    except AssertionError:
        code = 1
        said = run(*words, "--force", code=1).stderr
    if code:
        # No half dataset, and no excuse but one that was known.
        assert not (out / "dataset_identity.json").exists()
        return [f"refused: {said}"]
    wrong = []
    for document in DOCUMENTS:
        path = out / f"{document}.json"
        if not path.exists():
            assert document == "connectivity_manifest"
            continue
        value = loads(path.read_text(), profile)
        if profile == "strict" and document == "obs_manifest" and value["n_points"] == 0:
            continue  # The app takes no data set without cells, whatever is written for it.
        wrong += [f"{name} {document}: {fault}" for fault in faults(profile, document, value)]
    return wrong


@pytest.mark.parametrize("profile", PROFILES)
def test_every_fixture(profile: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = dict(
            pool.map(lambda f: (f["name"], documents(f, profile, tmp_path / f["name"])), fixtures()),
        )
    refused = {name: said for name, said in results.items() if said and said[0].startswith("refused")}
    wrong = [fault for name, said in results.items() if name not in refused for fault in said]
    assert not wrong, "\n".join(wrong[:40])
    unexpected = {name: said for name, said in refused.items() if name not in REFUSED[profile]}
    assert not unexpected, unexpected
    print(f"{len(results) - len(refused)} stores, {len(refused)} refused")
    assert len(results) > 200


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "packing", [["--quantize-var", "8"], ["--quantize-obs", "16", "--compression", "1"], ["--genes", "CD3E"]]
)
def test_packed_folders(profile: str, packing: list[str], tmp_path: Path) -> None:
    genes = [] if "--genes" in packing else ["--genes", "CD3E,MS4A1"]
    run("export", SAMPLE, tmp_path / "out", "--quiet", "--profile", profile, *packing, *genes)
    for document in DOCUMENTS:
        value = loads((tmp_path / "out" / f"{document}.json").read_text(), profile)
        assert faults(profile, document, value) == []


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("form", ["h5ad", "zarr"])
def test_service_documents(profile: str, form: str) -> None:
    for document in SERVICES:
        text = run("get", SAMPLE.with_suffix(f".{form}"), f"_cellucid/{document}", "--profile", profile).stdout
        assert faults(profile, document, loads(text, profile)) == []


def test_what_the_app_refuses_is_refused(tmp_path: Path) -> None:
    """A schema that takes everything would prove nothing."""
    run("export", SAMPLE, tmp_path / "out", "--quiet", "--profile", "strict", "--genes", "CD3E,MS4A1")
    good = {name: json.loads((tmp_path / "out" / f"{name}.json").read_text()) for name in DOCUMENTS}

    def broken(document: str, change: Any) -> None:
        value = copy.deepcopy(good[document])
        change(value)
        assert faults("strict", document, value), change

    broken("dataset_identity", lambda d: d.update(_anndata_adapter=True))
    broken("dataset_identity", lambda d: d["embeddings"].update(umap_resolution={}))
    broken("dataset_identity", lambda d: d["source"].update(type="anndata_adapter"))
    broken("dataset_identity", lambda d: d["stats"].pop("n_edges"))
    broken("dataset_identity", lambda d: d.update(created_at="yesterday"))
    broken("dataset_identity", lambda d: next(f for f in d["obs_fields"] if f["kind"] == "continuous").update(n_categories=1))
    broken("dataset_identity", lambda d: next(iter(d["vector_fields"]["fields"].values())).update(obsm_keys={}))
    broken("dataset_identity", lambda d: next(iter(d["vector_fields"]["fields"].values())).pop("basis"))
    broken("obs_manifest", lambda d: d["_continuousFields"][0].extend([0.0, 1.0]))
    broken("obs_manifest", lambda d: d["_categoricalFields"][0].extend([0.0, 1.0]))
    broken("obs_manifest", lambda d: d.update(_continuousFields=[]))
    broken("obs_manifest", lambda d: d.update(n_points=0))
    broken("obs_manifest", lambda d: d["_categoricalFields"][0].__setitem__(2, "uint16"))
    broken("var_manifest", lambda d: d["fields"].append(d["fields"][0]))
    broken("connectivity_manifest", lambda d: d.pop("weightsPath"))
    broken("connectivity_manifest", lambda d: d.update(index_bytes=8))
