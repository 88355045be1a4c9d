//! Red Hat Enterprise Linux and its derivatives.
