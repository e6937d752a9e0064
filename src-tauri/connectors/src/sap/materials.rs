//! Materials: SAP calls them products here. The text is not on the material but beside it, in every language it was
//! written in.

use std::collections::BTreeSet;
use std::sync::Arc;

use andon_domain::operations::GetMaterials;
use andon_domain::ports::{FeedBatch, Fetched, ReadOperation};
use andon_domain::records::{Material, MaterialPlant};
use andon_domain::{CanonicalJson, PortError, System};
use async_trait::async_trait;

use super::catalog::{PRODUCT, PRODUCT_DESCRIPTION, PRODUCT_PLANT};
use super::filter::{Filter, is_same_key};
use super::names::Service;
use super::reader::{Fields, Query, Rows};
use super::rows::{ProductPlantRow, ProductRow};
use super::valuation::some_of;
use super::{Sap, edm, in_time, languages, typed, valuation, values};

/// Lengths a material number is padded to: before and since S/4HANA.
const LENGTHS: &[usize] = &[18, 40];

/// `sap.get_materials`.
pub(super) struct MaterialsRead(pub(super) Arc<Sap>);

#[async_trait]
impl ReadOperation for MaterialsRead {
    async fn read(&self, parameters: &CanonicalJson) -> Result<Fetched, PortError> {
        let wanted: GetMaterials = typed(System::Sap, parameters)?;
        let sap = &self.0;
        let limit = sap.config.row_limit as usize;
        let is_narrowed = wanted.plant.is_some() || wanted.description.is_some();
        let found = in_time(sap.read_until(), find(sap, &wanted, limit)).await?;
        let mut odd = Odd::default();
        let records: Vec<Material> = found
            .rows
            .into_iter()
            .filter_map(|row| record(row, &sap.config.language, &mut odd))
            .filter(|material| is_wanted(material, &wanted))
            .collect();
        Ok(Fetched {
            records: values(System::Sap, records)?,
            total: found.total.filter(|_| found.is_truncated && !is_narrowed),
            is_truncated: found.is_truncated,
            warnings: odd.warnings(),
            // SAP dates its answers, and not its data.
            observed_at: None,
        })
    }
}

/// All materials, for the mirror.
pub(super) async fn feed(sap: &Sap) -> Result<FeedBatch<Material>, PortError> {
    let found = sap
        .rows(&query(Filter::default()), sap.config.feed_limit as usize)
        .await?;
    let mut odd = Odd::default();
    let records: Vec<Material> = found
        .rows
        .into_iter()
        .filter_map(|row| record(row, &sap.config.language, &mut odd))
        .collect();
    Ok(FeedBatch {
        records,
        is_unchanged: false,
        is_complete: !found.is_truncated,
        window: None,
        is_truncated: found.is_truncated,
        dropped: odd.dropped,
        server_time: found.server_time,
    })
}

fn query(filter: Filter) -> Query {
    Query::new(Service::Products, &PRODUCT, filter).fields(Fields::WithNavigations)
}

fn filter(wanted: &GetMaterials) -> Filter {
    Filter::default()
        .key_if("Product", wanted.material.as_ref(), LENGTHS)
        .equals_if("ProductType", wanted.material_type.as_ref())
        .equals_if("ProductGroup", wanted.material_group.as_ref())
}

/// The materials that may be wanted.
async fn find(sap: &Sap, wanted: &GetMaterials, limit: usize) -> Result<Rows<ProductRow>, PortError> {
    let own = filter(wanted);
    // OData V2 cannot ask for materials by a condition on their texts or plants. So their numbers are found first, by what
    // mostly says more.
    let narrow = match (&wanted.material, &wanted.description, &wanted.plant) {
        (Some(_), ..) | (None, None, None) => None,
        (None, Some(part), _) => {
            // In any language: which text a person gets is decided by what there is.
            let filter = Filter::default().contains_any("ProductDescription", &cases(part));
            Some((&PRODUCT_DESCRIPTION, filter))
        }
        (None, None, Some(plant)) => Some((&PRODUCT_PLANT, Filter::default().equals("Plant", plant))),
    };
    let Some((set, narrow)) = narrow else {
        return sap.rows(&query(own), limit).await;
    };
    let keys = Query::new(Service::Products, set, narrow).fields(Fields::Only(&["Product"]));
    let keys = sap.rows::<ProductPlantRow>(&keys, limit).await?;
    if keys.is_truncated && own != Filter::default() {
        // A part of the numbers would hide materials; what is asked of the materials themselves says more about them.
        return sap.rows(&query(own), limit).await;
    }
    let numbers = keys.rows.into_iter().filter_map(|row| row.product.0);
    let mut found = sap
        .rows_about(
            &query(own),
            "Product",
            |row: &ProductRow| row.product.0.as_deref(),
            numbers.collect(),
            limit,
        )
        .await?;
    found.is_truncated |= keys.is_truncated;
    found.server_time = found.server_time.or(keys.server_time);
    Ok(found)
}

/// The spellings in which a part of a text is looked for: SAP tells large and small letters apart.
fn cases(part: &str) -> Vec<String> {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let small = part.to_lowercase();
    let words: Vec<String> = small.split(' ').map(capital).collect();
    let mut all = vec![part.to_owned()];
    for spelling in [part.to_uppercase(), capital(&small), words.join(" "), small] {
        if !all.contains(&spelling) {
            all.push(spelling);
        }
    }
    all
}

fn is_wanted(material: &Material, wanted: &GetMaterials) -> bool {
    // By the text that is shown: SAP may have found the words in a language that nobody asked for.
    let has_words = wanted.description.as_ref().is_none_or(|part| {
        let part = part.to_lowercase();
        material
            .description
            .as_ref()
            .is_some_and(|text| text.to_lowercase().contains(&part))
    });
    let has_plant = wanted
        .plant
        .as_ref()
        .is_none_or(|plant| material.plants.iter().any(|own| is_same_key(&own.plant, plant)));
    has_words && has_plant
}

/// What was odd about the rows.
#[derive(Default)]
struct Odd {
    dropped: u32,
    inexact: BTreeSet<String>,
    unexpanded: BTreeSet<String>,
}

impl Odd {
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.dropped > 0 {
            warnings.push(format!(
                "{} materials without a number were left out",
                self.dropped
            ));
        }
        for (what, materials) in [
            ("a weight or price cannot be kept exactly", &self.inexact),
            ("came without texts, plants or valuations", &self.unexpanded),
        ] {
            if !materials.is_empty() {
                warnings.push(format!("{what}: {}", some_of(materials)));
            }
        }
        warnings
    }
}

fn record(row: ProductRow, language: &str, odd: &mut Odd) -> Option<Material> {
    let Some(material) = row.product.0 else {
        odd.dropped += 1;
        return None;
    };
    if row.descriptions.0.is_none() || row.plants.0.is_none() || row.valuations.0.is_none() {
        odd.unexpanded.insert(material.clone());
    }
    let descriptions = row.descriptions.0.unwrap_or_default();
    let text = languages::best(&descriptions, language, |text| text.language.0.as_deref());
    let valuations = row.valuations.0.unwrap_or_default();
    let numbers = valuations
        .iter()
        .flat_map(|row| [row.standard_price, row.moving_average_price, row.price_unit_qty]);
    if numbers
        .chain([row.gross_weight, row.net_weight])
        .any(|number| number.is_unreadable)
    {
        odd.inexact.insert(material.clone());
    }
    let plants = row.plants.0.unwrap_or_default().into_iter();
    Some(Material {
        material,
        description: text.and_then(|text| text.product_description.0.clone()),
        description_language: text.and_then(|text| text.language.0.clone()),
        material_type: row.product_type.0,
        material_group: row.product_group.0,
        base_unit: row.base_unit.0,
        gross_weight: row.gross_weight.value,
        net_weight: row.net_weight.value,
        weight_unit: row.weight_unit.0,
        cross_plant_status: row.cross_plant_status.0,
        is_marked_for_deletion: row.is_marked_for_deletion.0,
        is_batch_managed: row.is_batch_management_required.0,
        standard_id: row.product_standard_id.0,
        last_changed_at: row.last_change_date_time.0.as_deref().and_then(edm::ticks),
        plants: plants
            .filter_map(|plant| {
                Some(MaterialPlant {
                    plant: plant.plant.0?,
                    mrp_type: plant.mrp_type.0,
                    abc_indicator: plant.abc_indicator.0,
                    purchasing_group: plant.purchasing_group.0,
                })
            })
            .collect(),
        valuations: valuations.into_iter().filter_map(valuation::record).collect(),
    })
}
