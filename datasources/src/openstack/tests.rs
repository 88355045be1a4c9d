use super::OpenStack;
use crate::testing;

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("openstack", &OpenStack);
}
