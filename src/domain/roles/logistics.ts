// Roles that move goods and people: warehouses and docks, and everything with a steering wheel.
// A forklift driver is a certified operator: plain warehouse work may be asked of one, the reverse may not.

import { row, type RoleRow } from "./row.ts";

export const WAREHOUSE: readonly RoleRow[] = [
  row("Forklift Operator", "53-7051", [18, 25], {
    aliases:
      "forklift driver, lift truck operator, reach truck operator, fork truck operator, fork lift operator, fork lift driver, stand up forklift operator, forklift, powered industrial truck operator, industrial truck and tractor operator",
    adjacent: "Warehouse Associate, Material Handler, Loader, Order Picker",
    certifications: "Forklift Operator Certification, OSHA 10",
  }),
  row("Warehouse Associate", "53-7062", [15.5, 20], {
    aliases:
      "warehouse worker, warehouse laborer, warehouse helper, general warehouse worker, warehouse person, warehouseman, warehouse team member, general warehouse, warehouse operative",
    adjacent: "Material Handler, Order Picker, Packer, Loader, Stocker, Package Handler",
  }),
  row("Material Handler", "53-7062", [16, 21.5], {
    aliases:
      "material mover, stock mover, freight handler, material handling associate, materials handler, warehouse material handler, pallet jack operator, electric pallet jack operator",
    adjacent: "Warehouse Associate, Loader, Order Picker, Packer, Stocker",
  }),
  row("Order Picker", "53-7065", [16, 20.5], {
    aliases:
      "picker, order filler, order selector, warehouse picker, pick packer, picker packer, order puller, case picker, voice picker",
    adjacent: "Packer, Warehouse Associate, Stocker, Package Handler",
  }),
  row("Packer", "53-7064", [14.5, 18.5], {
    aliases:
      "hand packer, packager, packing associate, hand packager, packaging associate, packing worker, packer and packager",
    adjacent: "Order Picker, Warehouse Associate, Package Handler",
  }),
  row("Loader", "53-7062", [16, 21.5], {
    aliases:
      "truck loader, dock worker, unloader, truck unloader, freight loader, container unloader, lumper, loader unloader, dock loader, trailer loader",
    adjacent: "Material Handler, Warehouse Associate, Package Handler, Mover",
  }),
  row("Package Handler", "53-7062", [16, 20.5], {
    aliases:
      "parcel handler, package sorter, parcel sorter, sortation associate, sorter, freight sorter, baggage handler",
    adjacent: "Loader, Warehouse Associate, Packer",
  }),
  row("Stocker", "53-7065", [14.5, 18.5], {
    aliases:
      "stock clerk, night stocker, shelf stocker, stocking associate, marking clerk, stockroom clerk, stock associate, replenishment associate, stocker and order filler",
    adjacent: "Order Picker, Warehouse Associate, Packer, Retail Sales Associate",
  }),
  row("Inventory Clerk", "53-7065", [16.5, 21.5], {
    aliases:
      "inventory control clerk, cycle counter, inventory associate, inventory specialist, inventory counter, inventory auditor",
    adjacent: "Stocker, Order Picker, Shipping and Receiving Clerk",
  }),
  row("Shipping and Receiving Clerk", "43-5071", [16.5, 22.5], {
    aliases:
      "shipping clerk, receiving clerk, shipping associate, shipper receiver, shipping and receiving associate, receiver, receiving associate, dock clerk, shipping receiving clerk",
    adjacent: "Inventory Clerk, Warehouse Associate, Order Picker, Loader, Packer",
  }),
  row("Recycling Sorter", "53-7062", [15, 19], {
    aliases:
      "recycling worker, recycle sorter, materials recovery worker, recyclable sorter, scrap sorter, baler operator",
    adjacent: "Warehouse Associate, Material Handler, Refuse Collector",
  }),
  row("Mover", "53-7062", [16, 22], {
    aliases:
      "furniture mover, moving helper, household goods mover, piano mover, office mover, moving crew member",
    adjacent: "Loader, Material Handler, Delivery Helper",
  }),
  row("Warehouse Supervisor", "53-1042", [22, 31], {
    aliases:
      "warehouse lead, warehouse team lead, dock supervisor, dock lead, shipping supervisor, warehouse foreman",
    adjacent: "Shipping and Receiving Clerk, Inventory Clerk, Warehouse Associate",
    certifications: "OSHA 10, Forklift Operator Certification",
  }),
];

export const DRIVING: readonly RoleRow[] = [
  row("Truck Driver", "53-3032", [23, 34], {
    aliases:
      "cdl driver, cdl a driver, semi-truck driver, semi truck driver, tractor trailer driver, otr truck driver, heavy truck driver, dump truck driver, class a driver, heavy and tractor-trailer truck driver",
    adjacent: "Delivery Driver, Yard Driver, Shuttle Driver",
    certifications: "CDL Class A, DOT Medical Card",
  }),
  row("Yard Driver", "53-3032", [20, 27], {
    aliases: "yard spotter, hostler, yard jockey, yard hostler, spotter driver, yard goat driver",
    adjacent: "Truck Driver, Loader",
    certifications: "CDL Class A, DOT Medical Card",
  }),
  row("Delivery Driver", "53-3033", [17, 23], {
    aliases:
      "box truck driver, light truck driver, van driver, delivery van driver, parcel delivery driver, package delivery driver, non cdl driver",
    adjacent: "Delivery Helper, Shuttle Driver, Route Sales Driver",
    certifications: "DOT Medical Card",
  }),
  row("Delivery Helper", "53-7062", [15.5, 19.5], {
    aliases: "driver helper, truck helper, delivery assistant, truck driver helper, ride along helper",
    adjacent: "Loader, Mover, Package Handler",
  }),
  row("Route Sales Driver", "53-3031", [17.5, 25], {
    aliases:
      "route driver, driver sales worker, ice cream truck driver, vending route driver, bread route driver, linen route driver",
    adjacent: "Delivery Driver, Delivery Helper",
    certifications: "DOT Medical Card",
  }),
  row("Bus Driver", "53-3052", [20, 28], {
    aliases:
      "transit bus driver, motor coach driver, motorcoach operator, charter bus driver, coach driver, tour bus driver",
    adjacent: "Shuttle Driver, School Bus Driver",
    certifications: "CDL Class B, DOT Medical Card",
  }),
  row("School Bus Driver", "53-3051", [18.5, 26], {
    aliases: "school bus operator, school van driver, substitute bus driver",
    adjacent: "Shuttle Driver, Bus Driver",
    certifications: "CDL Class B, DOT Medical Card",
  }),
  row("Shuttle Driver", "53-3053", [15.5, 20.5], {
    aliases:
      "shuttle van driver, airport shuttle driver, hotel van driver, courtesy driver, resort driver, chauffeur",
    adjacent: "Delivery Driver, Parking Attendant",
    certifications: "DOT Medical Card",
  }),
  row("Parking Attendant", "53-6021", [14, 18], {
    aliases:
      "valet, valet attendant, valet parker, valet driver, parking lot attendant, valet runner, garage attendant",
    adjacent: "Shuttle Driver, Bell Attendant, Car Washer",
  }),
  row("Refuse Collector", "53-7081", [17, 24], {
    aliases:
      "garbage collector, sanitation worker, trash collector, waste collector, garbage truck helper, refuse and recyclable material collector, litter picker",
    adjacent: "Recycling Sorter, Material Handler",
  }),
  row("Dispatcher", "43-5032", [18, 26], {
    aliases:
      "truck dispatcher, transportation dispatcher, fleet dispatcher, logistics dispatcher, delivery dispatcher",
    adjacent: "Customer Service Representative, Shipping and Receiving Clerk, Office Clerk",
  }),
];
