use super::Ec2;
use crate::testing;

#[test]
fn every_machine_of_testdata() {
    testing::run_cases("ec2", &Ec2);
}
