//! The manifests of columns and of genes (specification: sections 7 and 8).

use std::rc::Rc;

use super::{
    Bits, Export, Packing,
    fields::{self, Coded, categorical_row, continuous_row, latent_key, places},
    json::Json,
    pack::Ranges,
    shown::{Shown, TOGETHER},
};
use crate::{
    error::{Error, Result},
    wait::{self, apart},
};

/// How values are stored, for the files below a folder.
fn values_schema(folder: &str, packing: &Packing, bits: Option<Bits>) -> Vec<(&'static str, Json)> {
    let pattern = format!("{folder}/{{key}}.values.{}", Bits::ext(bits));
    let mut schema = vec![
        ("pathPattern", Json::from(packing.path(&pattern))),
        ("ext", Json::from(Bits::ext(bits))),
        ("dtype", Json::from(Bits::dtype(bits))),
        ("quantized", Json::Bool(bits.is_some())),
    ];
    schema.extend(bits.map(|bits| ("quantizationBits", Json::from(bits.number()))));
    schema
}

/// What a column's row is made of.
enum Look {
    /// The row itself.
    Written(Rc<str>),
    /// Numbers of this range, where it is told.
    Numbers(Option<(f64, f64)>),
    /// Labels.
    Labels(Rc<Coded>),
}

impl Export {
    /// `obs_manifest.json`, or the same with one column's row only.
    pub(super) async fn obs_manifest(
        &self,
        packing: &Packing,
        ranges: &Ranges,
        only: Option<usize>,
    ) -> Result<Json> {
        let mut columns = apart(self.shown()).await?;
        columns.retain(|shown| only.is_none_or(|index| shown.index == index));
        // Rows without what only the reference's server adds.
        let short = self.is_short(packing);
        let (mut continuous, mut categorical) = (Vec::new(), Vec::new());
        for group in columns.chunks(TOGETHER) {
            for (shown, row) in group.iter().zip(apart(self.rows(group, packing, ranges)).await) {
                match row {
                    Ok(row) if shown.labels.is_some() => categorical.push(row),
                    Ok(row) => continuous.push(row),
                    Err(error) if only.is_some() => return Err(error),
                    // One damaged column is no reason to show nothing.
                    Err(error) => {
                        self.data.skip(format!("{}/{}", self.data.obs.path, shown.key), error.to_string());
                    }
                }
            }
        }
        let mut schemas = Vec::new();
        if !short || !continuous.is_empty() {
            schemas.push(("continuous", Json::map(values_schema("obs", packing, packing.obs))));
        }
        if !short || !categorical.is_empty() {
            let outliers = format!("obs/{{key}}.outliers.{}", Bits::ext(packing.obs));
            schemas.push((
                "categorical",
                Json::map([
                    ("codesPathPattern", Json::from(packing.path("obs/{key}.codes.{ext}"))),
                    ("outlierPathPattern", Json::from(packing.path(&outliers))),
                    ("outlierExt", Json::from(Bits::ext(packing.obs))),
                    ("outlierDtype", Json::from(Bits::dtype(packing.obs))),
                    ("outlierQuantized", Json::Bool(packing.obs.is_some())),
                ]),
            ));
        }
        Ok(Json::map([
            ("_format", Json::from("compact_v1")),
            ("n_points", Json::from(self.data.n_obs())),
            ("centroid_outlier_quantile", Json::from(self.options.centroid_quantile())),
            ("latent_key", Json::from(latent_key(&self.data.obsm, &self.options).map(str::to_owned))),
            ("compression", Json::from(packing.compression.map(u64::from))),
            ("_obsSchemas", Json::map(schemas)),
            ("_continuousFields", Json::List(continuous)),
            ("_categoricalFields", Json::List(categorical)),
        ]))
    }

    /// Whether rows go without what only the reference's server adds.
    fn is_short(&self, packing: &Packing) -> bool {
        self.strict() || !packing.is_plain()
    }

    /// Rows of some columns, each written once: who asks for one field and later for all of them waits once for each. The centroids of
    /// all are made together.
    async fn rows(&self, columns: &[Shown], packing: &Packing, ranges: &Ranges) -> Vec<Result<Json>> {
        let looked = wait::all(columns.iter().map(|shown| apart(self.look(shown, packing, ranges)))).await;
        let coded: Vec<Rc<Coded>> = looked
            .iter()
            .filter_map(|look| if let Ok(Look::Labels(coded)) = look { Some(Rc::clone(coded)) } else { None })
            .collect();
        let points = if coded.is_empty() { Ok(Vec::new()) } else { apart(self.all_points()).await };
        let mut places = match &points {
            Ok(points) => places(&coded, points, &self.options),
            Err(_) => Vec::new(),
        }
        .into_iter();
        let short = self.is_short(packing);
        let write = |(shown, look): (&Shown, Result<Look>)| {
            let row = match look? {
                Look::Written(row) => return Ok(Json::Written(row)),
                Look::Numbers(range) => continuous_row(&shown.key, range),
                Look::Labels(coded) => {
                    points.as_ref().map_err(Error::clone)?;
                    let range = if short { ranges.obs.get(&shown.index).copied() } else { Some((0.0, 1.0)) };
                    categorical_row(
                        &shown.key,
                        &coded,
                        range,
                        &places.next().unwrap_or_default(),
                        &self.options,
                    )
                }
            };
            if !packing.is_plain() {
                return Ok(row);
            }
            let row: Rc<str> = row.text().into();
            self.rows.borrow_mut().insert(shown.index, Rc::clone(&row));
            Ok(Json::Written(row))
        };
        columns.iter().zip(looked).map(write).collect()
    }

    /// What a column's row is made of.
    async fn look(&self, shown: &Shown, packing: &Packing, ranges: &Ranges) -> Result<Look> {
        let index = shown.index;
        let kept = self.rows.borrow().get(&index).filter(|_| packing.is_plain()).cloned();
        Ok(match kept {
            Some(row) => Look::Written(row),
            None if shown.labels.is_some() => Look::Labels(self.coded(index).await?),
            None if self.is_short(packing) => Look::Numbers(ranges.obs.get(&index).copied()),
            None => Look::Numbers(Some(fields::range(&self.numbers(index).await?))),
        })
    }

    /// `var_manifest.json` of the genes at `chosen`.
    pub(super) async fn var_manifest(
        &self,
        packing: &Packing,
        chosen: &[usize],
        ranges: &Ranges,
    ) -> Result<Json> {
        let genes = self.genes().await?;
        let column = self.options.gene_id_column.as_deref().unwrap_or("index");
        let mut schema = vec![("kind", Json::from("continuous"))];
        schema.extend(values_schema("var", packing, packing.var));
        let ids = chosen.iter().enumerate().filter_map(|(i, &gene)| {
            let mut row = vec![Json::from(genes.ids.get(gene)?)];
            row.extend(
                ranges.var.get(i).iter().flat_map(|(low, high)| [Json::from(*low), Json::from(*high)]),
            );
            Some(Json::List(row))
        });
        Ok(Json::map([
            ("_format", Json::from("compact_v1")),
            ("n_points", Json::from(self.data.n_obs())),
            ("var_gene_id_column", Json::from(column)),
            ("compression", Json::from(packing.compression.map(u64::from))),
            ("quantization", Json::from(packing.var.map(Bits::number))),
            ("_varSchema", Json::map(schema)),
            ("fields", Json::List(ids.collect())),
        ]))
    }
}
