use super::ConfigDrive;
use crate::testing;

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("configdrive", &ConfigDrive);
}
