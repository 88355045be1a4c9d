//! x
use crate::cache::Cache;
use crate::scenario::Scenario;
use crate::{Error, Options};
pub fn prepare(_: &Cache) -> Result<(), Error> {
    Ok(())
}
pub fn run(_: &Options, _: &Cache, _: &Scenario) -> Result<Vec<String>, Error> {
    Ok(vec![])
}
