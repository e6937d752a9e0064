//! A service's EDMX document, `$metadata`.

use std::fmt::Write as _;

use super::{EntitySet, Navigation, Property, Service, SetId};
use crate::sap::edm::EdmType;

/// The service's EDMX document.
pub(crate) fn metadata(service: &Service) -> String {
    let namespace = service.name;
    let (mut types, mut associations) = (String::new(), String::new());
    let (mut sets, mut association_sets) = (String::new(), String::new());
    for set in service.sets.iter().map(|id| id.set()) {
        entity_type(&mut types, set, namespace);
        let creatable = set.id == SetId::PurchaseOrder;
        _ = write!(
            sets,
            "<EntitySet Name=\"{}\" EntityType=\"{namespace}.{}\" sap:creatable=\"{creatable}\" \
             sap:updatable=\"false\" sap:deletable=\"false\" sap:content-version=\"1\"/>",
            set.name,
            set.type_name()
        );
        for navigation in set.navigations {
            let target = navigation.target.set();
            let name = association_name(set, navigation);
            let many = if navigation.is_many { "*" } else { "1" };
            _ = write!(
                associations,
                "<Association Name=\"{name}\" sap:content-version=\"1\"><End Type=\"{namespace}.{}\" \
                 Multiplicity=\"1\" Role=\"FromRole_{name}\"/><End Type=\"{namespace}.{}\" \
                 Multiplicity=\"{many}\" Role=\"ToRole_{name}\"/></Association>",
                set.type_name(),
                target.type_name()
            );
            _ = write!(
                association_sets,
                "<AssociationSet Name=\"{name}Set\" Association=\"{namespace}.{name}\"><End EntitySet=\"{}\" \
                 Role=\"FromRole_{name}\"/><End EntitySet=\"{}\" Role=\"ToRole_{name}\"/></AssociationSet>",
                set.name, target.name
            );
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><edmx:Edmx Version=\"1.0\" \
         xmlns:edmx=\"http://schemas.microsoft.com/ado/2007/06/edmx\" \
         xmlns:m=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\" \
         xmlns:sap=\"http://www.sap.com/Protocols/SAPData\"><edmx:DataServices m:DataServiceVersion=\"2.0\">\
         <Schema Namespace=\"{namespace}\" xml:lang=\"en\" sap:schema-version=\"1\" \
         xmlns=\"http://schemas.microsoft.com/ado/2008/09/edm\">{types}{associations}\
         <EntityContainer Name=\"{namespace}_Entities\" m:IsDefaultEntityContainer=\"true\" \
         sap:supported-formats=\"json\">{sets}{association_sets}</EntityContainer></Schema>\
         </edmx:DataServices></edmx:Edmx>"
    )
}

fn association_name(set: &EntitySet, navigation: &Navigation) -> String {
    format!("assoc_{}_{}", set.name, navigation.name)
}

fn entity_type(out: &mut String, set: &EntitySet, namespace: &str) {
    _ = write!(
        out,
        "<EntityType Name=\"{}\" sap:content-version=\"1\"><Key>",
        set.type_name()
    );
    for property in set.keys() {
        _ = write!(out, "<PropertyRef Name=\"{}\"/>", property.name);
    }
    out.push_str("</Key>");
    for property in set.properties {
        let facets = match property.edm_type {
            // Zero is a length that SAP does not announce.
            EdmType::String(0) => "Type=\"Edm.String\"".to_owned(),
            EdmType::String(length) => format!("Type=\"Edm.String\" MaxLength=\"{length}\""),
            EdmType::Boolean => "Type=\"Edm.Boolean\"".to_owned(),
            EdmType::Decimal(precision, scale) => {
                format!("Type=\"Edm.Decimal\" Precision=\"{precision}\" Scale=\"{scale}\"")
            }
            EdmType::DateTime => {
                "Type=\"Edm.DateTime\" Precision=\"0\" sap:display-format=\"Date\"".to_owned()
            }
            EdmType::DateTimeOffset => "Type=\"Edm.DateTimeOffset\" Precision=\"7\"".to_owned(),
            EdmType::Time => "Type=\"Edm.Time\" Precision=\"0\"".to_owned(),
        };
        let limits = limits(property);
        _ = write!(out, "<Property Name=\"{}\" {facets}{limits}/>", property.name);
    }
    for navigation in set.navigations {
        let name = association_name(set, navigation);
        _ = write!(
            out,
            "<NavigationProperty Name=\"{}\" Relationship=\"{namespace}.{name}\" FromRole=\"FromRole_{name}\" \
             ToRole=\"ToRole_{name}\"/>",
            navigation.name
        );
    }
    out.push_str("</EntityType>");
}

/// What a property may not be or not be used for.
fn limits(property: &Property) -> String {
    let mut limits = String::new();
    if property.is_key {
        limits.push_str(" Nullable=\"false\"");
    }
    if !property.is_filterable {
        limits.push_str(" sap:filterable=\"false\"");
    }
    if !property.is_sortable {
        limits.push_str(" sap:sortable=\"false\"");
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sap::schema::SERVICES;

    #[test]
    fn metadata_announces_types_navigations_and_restrictions() {
        let document = |name: &str| metadata(Service::named(name).expect("a known service"));
        let orders = document("API_PURCHASEORDER_PROCESS_SRV");
        for wanted in [
            "EntitySet Name=\"A_PurchaseOrder\" EntityType=\"API_PURCHASEORDER_PROCESS_SRV.A_PurchaseOrderType\"",
            "<Property Name=\"NetPriceQuantity\" Type=\"Edm.Decimal\" Precision=\"5\" Scale=\"0\"/>",
            "<Property Name=\"LastChangeDateTime\" Type=\"Edm.DateTimeOffset\" Precision=\"7\"/>",
            "NavigationProperty Name=\"to_PurchaseOrderItem\"",
        ] {
            assert!(orders.contains(wanted), "missing: {wanted}");
        }
        let journal = document("API_JOURNALENTRYITEMBASIC_SRV");
        for wanted in [
            "<Property Name=\"ID\" Type=\"Edm.String\" Nullable=\"false\" sap:filterable=\"false\" sap:sortable=\"false\"/>",
            "<Property Name=\"AmountInCompanyCodeCurrency\" Type=\"Edm.Decimal\" Precision=\"24\" Scale=\"3\" \
             sap:filterable=\"false\"/>",
        ] {
            assert!(journal.contains(wanted), "missing: {wanted} in {journal}");
        }
        assert_eq!(
            SetId::StockBucket.set().keys().count(),
            11,
            "the stock set has eleven keys"
        );
    }

    #[test]
    fn navigations_join_properties_of_one_type() {
        for set in SERVICES
            .iter()
            .flat_map(|service| service.sets)
            .map(|id| id.set())
        {
            for navigation in set.navigations {
                for (from, to) in navigation.join {
                    let ends = (set.property(from), navigation.target.set().property(to));
                    let (Some(from), Some(to)) = ends else {
                        panic!("{} joins what is not there", navigation.name)
                    };
                    assert_eq!(from.edm_type, to.edm_type, "{}", navigation.name);
                }
            }
        }
    }
}
