//! The made-up company: plants, suppliers, materials and how each is replenished.
//! Constant on purpose: the seed varies what happened, not who the company is. All names are invented.

use rust_decimal::Decimal;

pub(crate) const COMPANY_CODE: &str = "1000";
pub(crate) const PURCHASING_ORGANIZATION: &str = "1000";
pub(crate) const PURCHASING_GROUPS: &[&str] = &["001", "002", "003"];
pub(crate) const PLANTS: &[&str] = &["1010", "1020", "1030"];
pub(crate) const CURRENCIES: &[&str] = &["EUR", "CHF", "GBP", "JPY", "USD"];
pub(crate) const PAYMENT_TERMS: &[(&str, i64)] = &[("0001", 0), ("0002", 14), ("0003", 30), ("0004", 60)];

/// A supplier in the vendor master.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Supplier {
    pub(crate) number: &'static str,
    pub(crate) name: &'static str,
    pub(crate) currency: &'static str,
    /// What some orders are placed in instead.
    pub(crate) other_currency: Option<&'static str>,
}

/// A material with its purchasing data; the price is for `price_unit` base units, in euro.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) number: &'static str,
    pub(crate) text: &'static str,
    pub(crate) group: &'static str,
    pub(crate) unit: &'static str,
    price_cents: i64,
    pub(crate) price_unit: i64,
    pub(crate) supplier: &'static str,
    /// Below this much unrestricted stock in a plant it is ordered again.
    pub(crate) reorder_point: i64,
    pub(crate) lot: i64,
    pub(crate) lead_days: i64,
    /// Where it is stocked.
    pub(crate) plants: &'static [&'static str],
}

impl Material {
    pub(crate) fn price(&self) -> Decimal {
        Decimal::new(self.price_cents, 2)
    }

    /// What one lot costs, in euro.
    pub(crate) fn lot_value(&self) -> Decimal {
        Decimal::from(self.lot) * self.price() / Decimal::from(self.price_unit)
    }

    pub(crate) fn named(number: &str) -> Option<&'static Self> {
        MATERIALS.iter().find(|material| material.number == number)
    }
}

/// How many units of a currency one euro buys, for made-up history only.
pub(crate) fn per_euro(currency: &str) -> Decimal {
    match currency {
        "CHF" => Decimal::new(94, 2),
        "GBP" => Decimal::new(86, 2),
        "USD" => Decimal::new(109, 2),
        "JPY" => Decimal::from(163),
        _ => Decimal::ONE,
    }
}

/// How many decimals amounts in a currency have.
pub(crate) fn decimals_of(currency: &str) -> u32 {
    if currency == "JPY" { 0 } else { 2 }
}

/// Stock that stands below its reorder point when the plant opens, so that the first needs are true.
pub(crate) const SHORT_AT_OPENING: &[(&str, &str)] = &[
    ("HX-220", "1010"),
    ("OR-318", "1020"),
    ("WW-120", "1030"),
    ("GL-104", "1010"),
    ("CO-1500", "1010"),
    ("KN-300", "1020"),
    ("LB-032", "1030"),
    ("BR-6312", "1010"),
    ("WR-420", "1010"),
    ("FT-077", "1020"),
    ("SV-045", "1030"),
];

const fn supplier(number: &'static str, name: &'static str, currency: &'static str) -> Supplier {
    Supplier {
        number,
        name,
        currency,
        other_currency: None,
    }
}

const fn also(supplier: Supplier, other_currency: &'static str) -> Supplier {
    Supplier {
        other_currency: Some(other_currency),
        ..supplier
    }
}

pub(crate) static SUPPLIERS: &[Supplier] = &[
    supplier("0000100114", "Rheinufer Stahlhandel GmbH", "EUR"),
    supplier("0000100231", "Bergland Bandstahl AG", "EUR"),
    also(supplier("0000100305", "Nordwalzen Gusswerk GmbH", "EUR"), "USD"),
    supplier("0000100482", "Brandhofer Hydraulik GmbH", "EUR"),
    supplier("0000100517", "Lagerkontor Westfeld GmbH", "EUR"),
    supplier("0000100609", "Schweisstechnik Osterkamp KG", "EUR"),
    also(supplier("0000100733", "Antriebe Kesselring GmbH", "EUR"), "JPY"),
    supplier("0000100846", "Arbeitsschutz Weberlein GmbH", "EUR"),
    supplier("0000100918", "Suedoel Schmierstoffe GmbH", "EUR"),
    supplier("0000101027", "Hallam Tooling Ltd", "GBP"),
    supplier("0000101153", "Seetal Sensorik AG", "CHF"),
    supplier("0000101268", "Maasoever Packaging B.V.", "EUR"),
];

const ALL: &[&str] = PLANTS;
const ROLLING: &[&str] = &["1010"];
const ROLLING_AND_SLITTING: &[&str] = &["1010", "1020"];
const PRESS_AND_WELD: &[&str] = &["1020", "1030"];
const WELD: &[&str] = &["1030"];

macro_rules! material {
    ($number:literal, $text:literal, $group:literal, $unit:literal, $cents:literal / $per:literal, $supplier:literal,
     reorder $reorder:literal, lot $lot:literal, days $days:literal, $plants:expr) => {
        Material {
            number: $number,
            text: $text,
            group: $group,
            unit: $unit,
            price_cents: $cents,
            price_unit: $per,
            supplier: $supplier,
            reorder_point: $reorder,
            lot: $lot,
            lead_days: $days,
            plants: $plants,
        }
    };
}

#[rustfmt::skip]
pub(crate) static MATERIALS: &[Material] = &[
    material!("AR-050", "Argon 4.6 cylinder bundle", "GAS", "PC", 41_500 / 1, "0000100609", reorder 10, lot 12, days 4, WELD),
    material!("BR-6312", "Deep groove ball bearing 6312", "BEARING", "PC", 5_840 / 1, "0000100517", reorder 40, lot 48, days 6, ROLLING_AND_SLITTING),
    material!("CG-201", "Cutting gloves size 9, pair", "SAFETY", "PAA", 1_150 / 1, "0000100846", reorder 60, lot 70, days 3, ALL),
    material!("CO-1250", "Hot rolled strip DC01 1250 mm", "COIL", "TO", 69_800 / 1, "0000100231", reorder 260, lot 220, days 21, ROLLING),
    material!("CO-1500", "Hot rolled coil S355 1500 mm", "COIL", "TO", 74_200 / 1, "0000100114", reorder 240, lot 180, days 21, ROLLING),
    material!("EL-230", "Contactor 230 V 40 A", "ELECTRIC", "PC", 9_600 / 1, "0000101153", reorder 30, lot 40, days 8, ALL),
    material!("FT-077", "Hydraulic filter element 10 um", "HYDRAULIC", "PC", 7_450 / 1, "0000100482", reorder 14, lot 12, days 5, ALL),
    material!("GB-071", "Bevel gearbox 71 Nm", "DRIVE", "PC", 645_000 / 1, "0000100733", reorder 2, lot 3, days 30, ROLLING_AND_SLITTING),
    material!("GL-104", "Nitrile gloves, box of 100", "SAFETY", "PC", 690 / 1, "0000100846", reorder 80, lot 60, days 3, ALL),
    material!("HX-220", "Hydraulic hose DN 20 2 m", "HYDRAULIC", "PC", 4_280 / 1, "0000100482", reorder 50, lot 60, days 5, ALL),
    material!("KN-300", "Slitter knife D300", "TOOL", "PC", 28_600 / 1, "0000101027", reorder 32, lot 40, days 14, &["1020"]),
    material!("LB-032", "Grease cartridge 400 g", "LUBRICANT", "PC", 815 / 1, "0000100918", reorder 90, lot 80, days 4, ALL),
    material!("OR-318", "O-ring set FKM 318", "HYDRAULIC", "PC", 1_840 / 1, "0000100482", reorder 45, lot 40, days 5, ALL),
    material!("PD-880", "Press die insert 880", "TOOL", "PC", 194_000 / 1, "0000101027", reorder 5, lot 6, days 28, PRESS_AND_WELD),
    material!("PK-410", "Steel strapping 19 mm", "PACKAGING", "KG", 148_000 / 1000, "0000101268", reorder 3000, lot 3500, days 7, ROLLING_AND_SLITTING),
    material!("PT-221", "Photo sensor reflector", "ELECTRIC", "PC", 1_490 / 1, "0000101153", reorder 20, lot 25, days 6, ALL),
    material!("RB-090", "Robot torch neck 36 degree", "WELDING", "PC", 18_900 / 1, "0000100609", reorder 18, lot 24, days 9, WELD),
    material!("RO-600", "Rolling oil emulsion base", "LUBRICANT", "L", 492 / 1, "0000100918", reorder 5000, lot 6000, days 7, ROLLING),
    material!("SC-510", "Safety cutter blades, pack", "SAFETY", "PC", 2_130 / 1, "0000100846", reorder 35, lot 30, days 3, ALL),
    material!("SH-300", "Galvanised sheet blank 300", "SHEET", "KG", 128_400 / 1000, "0000100114", reorder 80000, lot 90000, days 18, PRESS_AND_WELD),
    material!("SL-200", "Spacer ring set 200", "TOOL", "PC", 31_200 / 1, "0000101027", reorder 16, lot 20, days 14, &["1020"]),
    material!("SV-045", "Servo drive 4.5 kW", "DRIVE", "PC", 218_000 / 1, "0000100733", reorder 4, lot 4, days 25, PRESS_AND_WELD),
    material!("WD-012", "Contact tip M8 1.2 mm", "WELDING", "PC", 11_200 / 100, "0000100609", reorder 400, lot 500, days 5, WELD),
    material!("WP-075", "Wooden coil pallet 750", "PACKAGING", "PC", 2_740 / 1, "0000101268", reorder 120, lot 150, days 6, ROLLING_AND_SLITTING),
    material!("WR-420", "Work roll pair 420 mm", "ROLL", "PC", 2_840_000 / 1, "0000100305", reorder 4, lot 4, days 60, ROLLING),
    material!("WW-120", "Welding wire G3Si1 1.2 mm", "WELDING", "KG", 315 / 1, "0000100609", reorder 2000, lot 2400, days 6, WELD),
];

/// The one material that nobody described in English.
pub(crate) const ONLY_GERMAN: &str = "WP-075";

/// The German description of a material.
pub(crate) fn german_text(number: &str) -> Option<&'static str> {
    GERMAN_TEXTS
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, text)| *text)
}

static GERMAN_TEXTS: &[(&str, &str)] = &[
    ("AR-050", "Argon 4.6 Flaschenbündel"),
    ("BR-6312", "Rillenkugellager 6312"),
    ("CG-201", "Schnittschutzhandschuhe Gr. 9, Paar"),
    ("CO-1250", "Warmband DC01 1250 mm"),
    ("CO-1500", "Warmband-Coil S355 1500 mm"),
    ("EL-230", "Schütz 230 V 40 A"),
    ("FT-077", "Hydraulikfilterelement 10 µm"),
    ("GB-071", "Kegelradgetriebe 71 Nm"),
    ("GL-104", "Nitrilhandschuhe, Karton 100 St."),
    ("HX-220", "Hydraulikschlauch DN 20 2 m"),
    ("KN-300", "Kreismesser D300"),
    ("LB-032", "Fettkartusche 400 g"),
    ("OR-318", "O-Ring-Satz FKM 318"),
    ("PD-880", "Presswerkzeugeinsatz 880"),
    ("PK-410", "Stahlband zum Umreifen 19 mm"),
    ("PT-221", "Reflektor für Lichtschranke"),
    ("RB-090", "Roboter-Brennerhals 36 Grad"),
    ("RO-600", "Walzölemulsion Grundöl"),
    ("SC-510", "Sicherheitsmesserklingen, Packung"),
    ("SH-300", "Verzinkte Platine 300"),
    ("SL-200", "Distanzringsatz 200"),
    ("SV-045", "Servoantrieb 4,5 kW"),
    ("WD-012", "Stromdüse M8 1,2 mm"),
    ("WP-075", "Holzpalette für Coils 750"),
    ("WR-420", "Arbeitswalzenpaar 420 mm"),
    ("WW-120", "Schweißdraht G3Si1 1,2 mm"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_cover_every_size_of_order() {
        let values: Vec<Decimal> = MATERIALS.iter().map(Material::lot_value).collect();
        let small = values
            .iter()
            .filter(|value| **value < Decimal::from(1_000))
            .count();
        let large = values
            .iter()
            .filter(|value| **value > Decimal::from(100_000))
            .count();
        assert!(small >= 6 && large >= 4, "small {small}, large {large}");
        assert!(values.len() - small - large >= 8, "too few in between");
    }

    #[test]
    fn the_master_data_refers_to_itself() {
        for material in MATERIALS {
            assert!(
                SUPPLIERS.iter().any(|s| s.number == material.supplier),
                "supplier of {}",
                material.number
            );
            let german = german_text(material.number).expect("a German text");
            for text in [material.text, german] {
                assert!(text.chars().count() <= 40, "text of {}", material.number);
            }
            assert!(
                material.price() > Decimal::ZERO && material.price_unit > 0,
                "price of {}",
                material.number
            );
        }
        for supplier in SUPPLIERS {
            assert!(
                MATERIALS.iter().any(|m| m.supplier == supplier.number),
                "{} supplies nothing",
                supplier.name
            );
        }
        for (material, plant) in SHORT_AT_OPENING {
            assert!(
                Material::named(material).is_some_and(|m| m.plants.contains(plant)),
                "{material} in {plant}"
            );
        }
    }
}
