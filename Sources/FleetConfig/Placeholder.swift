// FleetConfig
