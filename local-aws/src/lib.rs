//! A local AWS: the services the operator uses, over their real wire protocols.
