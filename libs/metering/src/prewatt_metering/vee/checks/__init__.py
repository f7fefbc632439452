"""One check a file, named by its id. `prewatt_metering.vee.registry` lists them all."""
