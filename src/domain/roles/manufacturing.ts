// Roles on plant floors, and in the plants that cut, cook and pack food. Machinists and drivers of forklifts share
// buildings and nothing else: neither is adjacent to the other.

import { row, type RoleRow } from "./row.ts";

export const MANUFACTURING: readonly RoleRow[] = [
  row("Production Worker", "51-9199", [15.5, 20], {
    aliases:
      "production associate, factory worker, production line worker, line worker, manufacturing associate, production operator, plant worker, factory laborer, general production worker",
    adjacent: "Production Helper, Assembler, Packer, Packaging Machine Operator, Machine Operator",
  }),
  row("Production Helper", "51-9198", [14.5, 18.5], {
    aliases:
      "production laborer, production worker helper, helper production worker, welder helper, screen printer helper, machine operator helper, press helper, machine feeder",
    adjacent: "Production Worker, Packer, Warehouse Associate, Assembler",
  }),
  row("Assembler", "51-2092", [16, 21], {
    aliases:
      "team assembler, assembly worker, assembly line worker, line assembler, production assembler, assembly technician, mechanical assembler, kitter",
    adjacent: "Production Worker, Packer, Electronics Assembler",
  }),
  row("Electronics Assembler", "51-2022", [16.5, 22.5], {
    aliases:
      "electronic assembler, pcb assembler, circuit board assembler, wire harness assembler, cable assembler, smt operator",
    adjacent: "Assembler, Production Worker, Quality Inspector",
    certifications: "IPC-A-610",
  }),
  row("Machine Operator", "51-4081", [17, 23.5], {
    aliases:
      "production machine operator, machine tender, machine attendant, multiple machine operator, general machine operator",
    adjacent: "Production Worker, Packaging Machine Operator, Press Operator, Injection Molding Operator",
  }),
  row("Packaging Machine Operator", "51-9111", [16.5, 22], {
    aliases:
      "packaging operator, filling machine operator, bottling line operator, packaging line operator, filler operator, packaging and filling machine operator",
    adjacent: "Packer, Production Worker, Machine Operator",
  }),
  row("Injection Molding Operator", "51-4072", [16.5, 22], {
    aliases:
      "injection mold operator, molding machine operator, plastic molding operator, mold operator, molder, plastics machine operator",
    adjacent: "Machine Operator, Production Worker, Packer",
  }),
  row("Press Operator", "51-4031", [17, 23], {
    aliases:
      "punch press operator, stamping press operator, brake press operator, press brake operator, stamping operator, shear operator",
    adjacent: "Machine Operator, Production Worker, Metal Fabricator",
  }),
  row("CNC Machinist", "51-9161", [21, 31], {
    aliases:
      "cnc operator, cnc machine operator, cnc lathe operator, cnc mill operator, cnc machining technician, computer numerically controlled tool operator, cnc setup operator, cnc turner, cnc technician",
    adjacent: "Machinist, Machine Operator, Metal Grinder, Press Operator",
    certifications: "NIMS Machining Level I, OSHA 10",
  }),
  row("Machinist", "51-4041", [22, 32], {
    aliases:
      "manual machinist, tool room machinist, machine shop worker, lathe operator, milling machine operator, mill operator, maintenance machinist",
    adjacent: "CNC Machinist, Metal Grinder, Machine Operator",
    certifications: "NIMS Machining Level I, OSHA 10",
  }),
  row("Welder", "51-4121", [20, 30], {
    aliases:
      "mig welder, tig welder, arc welder, fabrication welder, pipe welder, structural welder, welder fabricator, fitter welder, solderer and brazer, shop welder",
    adjacent: "Metal Fabricator, Metal Grinder, Production Helper",
    certifications: "AWS D1.1 Welding, OSHA 10",
  }),
  row("Metal Fabricator", "51-2041", [19, 27], {
    aliases:
      "fabricator, structural metal fabricator, steel fabricator, structural fitter, metal fitter, fitter fabricator, shop fabricator",
    adjacent: "Welder, Press Operator, Metal Grinder",
    certifications: "OSHA 10, AWS D1.1 Welding",
  }),
  row("Metal Grinder", "51-9022", [16.5, 22], {
    aliases: "grinder, polisher, buffer, deburrer, grinder polisher, metal polisher, sander",
    adjacent: "Production Helper, Machine Operator",
  }),
  row("Quality Inspector", "51-9061", [18, 25.5], {
    aliases:
      "quality control inspector, qc inspector, quality technician, product inspector, quality assurance inspector, inspector packer, parts inspector",
    adjacent: "Production Worker, Assembler, Packer",
  }),
  row("Industrial Painter", "51-9124", [17.5, 25], {
    aliases:
      "spray painter, powder coater, aircraft painter, paint line operator, coating machine operator, production painter, auto painter",
    adjacent: "Metal Grinder, Production Helper, Painter",
  }),
  row("Sewing Machine Operator", "51-6031", [14, 18.5], {
    aliases: "sewer, seamstress operator, industrial sewer, stitcher, sewing operator, serger operator",
    adjacent: "Production Worker",
  }),
  row("Woodworking Machine Operator", "51-7042", [16, 21.5], {
    aliases:
      "wood machine operator, woodworker, wood shop worker, planer operator, wood machinist, sawmill worker, router operator",
    adjacent: "Production Worker, Machine Operator, Cabinetmaker",
  }),
  row("Cabinetmaker", "51-7011", [18, 26], {
    aliases:
      "cabinet maker, bench carpenter, cabinet builder, cabinet assembler, furniture maker, millworker",
    adjacent: "Carpenter, Woodworking Machine Operator",
  }),
  row("Production Supervisor", "51-1011", [24, 36], {
    aliases:
      "production lead, line supervisor, line lead, production shift supervisor, plant supervisor, manufacturing supervisor",
    adjacent: "Quality Inspector, Production Worker, Machine Operator",
    certifications: "OSHA 30",
  }),
];

export const FOOD_PROCESSING: readonly RoleRow[] = [
  row("Seafood Processor", "51-3022", [13.5, 18.5], {
    aliases:
      "crab picker, oyster shucker, shucker, fish processor, fish cutter, crawfish peeler, seafood worker, fish cleaner, seafood trimmer, baader technician",
    adjacent: "Seafood Packer, Food Batchmaker, Meat Trimmer, Production Helper",
  }),
  row("Meat Trimmer", "51-3022", [15.5, 20.5], {
    aliases:
      "poultry processor, meat cutter and trimmer, deboner, poultry cutter, poultry worker, meat processor",
    adjacent: "Meat Packer, Seafood Processor, Butcher, Production Helper",
  }),
  row("Meat Packer", "51-3023", [16, 21], {
    aliases:
      "slaughterer, slaughterer and meat packer, slaughterhouse worker, meat packing worker, carcass handler, kill floor worker",
    adjacent: "Meat Trimmer, Packer",
  }),
  row("Seafood Packer", "53-7064", [13.5, 17.5], {
    aliases:
      "fish packer, shrimp packer, crab packer, oyster packer, candy packer, food packer, seafood packager",
    adjacent: "Packer, Seafood Processor, Produce Sorter",
  }),
  row("Butcher", "51-3021", [17, 24], {
    aliases: "meat cutter, butcher and meat cutter, retail meat cutter, meat department clerk, halal butcher",
    adjacent: "Meat Trimmer",
    certifications: "ServSafe Food Handler",
  }),
  row("Baker", "51-3011", [15.5, 21.5], {
    aliases: "bread baker, pastry baker, bakery worker, overnight baker, pastry cook, cake decorator",
    adjacent: "Prep Cook, Food Batchmaker",
    certifications: "ServSafe Food Handler",
  }),
  row("Food Batchmaker", "51-3092", [15, 20.5], {
    aliases:
      "candy maker, food mixer, dough mixer, roe technician, salmon roe technician, cheese maker, batch mixer, ice cream maker",
    adjacent: "Food Cooking Machine Operator, Production Worker, Seafood Packer",
    certifications: "ServSafe Food Handler",
  }),
  row("Food Cooking Machine Operator", "51-3093", [15.5, 21], {
    aliases:
      "sugar boiler, crab cooker, crawfish boiler, fryer operator, kettle operator, cooker operator, roaster operator",
    adjacent: "Food Batchmaker, Machine Operator, Production Worker",
    certifications: "ServSafe Food Handler",
  }),
  row("Produce Sorter", "45-2041", [14, 17.5], {
    aliases:
      "produce packer, fruit sorter, agricultural grader, fruit packer, grader and sorter, egg grader, vegetable packer",
    adjacent: "Packer, Farmworker, Seafood Packer",
  }),
];
