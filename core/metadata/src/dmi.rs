//! Names of firmware fields.

/// dmidecode(8)'s keywords, and the corresponding files in /sys/class/dmi/id.
pub const FIELDS: &[(&str, &str)] = &[
    ("baseboard-asset-tag", "board_asset_tag"),
    ("baseboard-manufacturer", "board_vendor"),
    ("baseboard-product-name", "board_name"),
    ("baseboard-serial-number", "board_serial"),
    ("baseboard-version", "board_version"),
    ("bios-release-date", "bios_date"),
    ("bios-vendor", "bios_vendor"),
    ("bios-version", "bios_version"),
    ("chassis-asset-tag", "chassis_asset_tag"),
    ("chassis-manufacturer", "chassis_vendor"),
    ("chassis-serial-number", "chassis_serial"),
    ("chassis-version", "chassis_version"),
    ("system-manufacturer", "sys_vendor"),
    ("system-product-name", "product_name"),
    ("system-serial-number", "product_serial"),
    ("system-uuid", "product_uuid"),
    ("system-version", "product_version"),
];

/// The file for a dmidecode keyword.
pub fn file(keyword: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(known, _)| *known == keyword).map(|(_, file)| *file)
}

/// The file for a field in either notation.
pub fn file_of_either(name: &str) -> Option<&'static str> {
    file(name).or_else(|| FIELDS.iter().find(|(_, file)| *file == name).map(|(_, file)| *file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_two_names() {
        // dmidecode(8), "Keyword"; the kernel's Documentation/ABI/testing/sysfs-firmware-dmi-entries names the files.
        assert_eq!(file("system-uuid"), Some("product_uuid"));
        assert_eq!(file("product_uuid"), None);
        assert_eq!(file_of_either("product_uuid"), Some("product_uuid"));
        assert_eq!(file_of_either("system-colour"), None);
    }
}
