//! The neighbour graph: one file per end of its edges, their weights, and what `connectivity_manifest.json` says of them
//! (specification: section 9).

use std::rc::Rc;

use bytes::Bytes;

use super::{Export, Packing, Profile, json::Json};
use crate::{
    anndata::Graph,
    error::{Error, Result},
};

/// Bytes per cell number in edge files.
fn index_bytes(cells: u64, profile: Profile) -> u64 {
    let most = match profile {
        Profile::Reference => 65_535,
        Profile::Strict => 65_536,
    };
    match cells {
        n if n <= most => 2,
        n if n <= u64::from(u32::MAX) => 4,
        _ => 8,
    }
}

impl Export {
    /// The graph as it is shown.
    pub(super) async fn graph(&self) -> Result<Rc<Graph>> {
        let reading = async {
            let matrix = self.data.connectivities().await?;
            let matrix = matrix.ok_or_else(|| Error::missing("there is no neighbour graph"))?;
            let mut graph = Graph::read(&**self.data.tree(), &matrix).await?;
            if self.options.profile == Profile::Strict {
                graph.keep(|weight| weight.is_finite() && weight > 0.0);
            }
            Ok(Rc::new(graph))
        };
        self.graph.get(reading).await
    }

    /// One end of every edge, as narrow as the number of cells allows.
    pub(super) fn edges(&self, ends: &[u32]) -> Bytes {
        if index_bytes(self.data.n_obs(), self.options.profile) == 2 {
            ends.iter().flat_map(|&end| (end as u16).to_le_bytes()).collect::<Vec<u8>>().into()
        } else {
            ends.iter().flat_map(|end| end.to_le_bytes()).collect::<Vec<u8>>().into()
        }
    }

    /// `connectivity_manifest.json`
    pub(super) async fn connectivity_manifest(&self, packing: &Packing) -> Result<Json> {
        let graph = self.graph().await?;
        let bytes = index_bytes(self.data.n_obs(), self.options.profile);
        let most = if self.strict() { graph.largest_degree } else { graph.largest_row };
        let mut manifest = vec![
            ("format", Json::from("edge_pairs")),
            ("n_cells", Json::from(self.data.n_obs())),
            ("n_edges", Json::from(graph.from.len())),
            ("max_neighbors", Json::from(most)),
            ("index_bytes", Json::from(bytes)),
            ("index_dtype", Json::from(format!("uint{}", bytes * 8))),
            ("sourcesPath", Json::from(packing.path("connectivity/edges.src.bin"))),
            ("destinationsPath", Json::from(packing.path("connectivity/edges.dst.bin"))),
        ];
        if self.strict() {
            manifest.extend([
                ("weightsPath", Json::from(packing.path("connectivity/edges.weight.bin"))),
                ("weight_dtype", Json::from("float64")),
                ("weight_bytes", Json::Int(8)),
            ]);
        }
        manifest.push(("compression", Json::from(packing.compression.map(u64::from))));
        Ok(Json::map(manifest))
    }
}
