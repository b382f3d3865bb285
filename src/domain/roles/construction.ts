// Roles of building sites and of the trades that keep buildings and machines running. A helper is a role of its own,
// with its own code: a journeyman may be asked to help, a helper may not be sent as a journeyman.

import { row, type RoleRow } from "./row.ts";

export const CONSTRUCTION: readonly RoleRow[] = [
  row("Construction Laborer", "47-2061", [17, 24], {
    aliases:
      "construction worker, general construction laborer, site laborer, construction site laborer, building laborer, construction crew member, paving laborer, asphalt laborer, pipe layer laborer, construction craft laborer",
    adjacent: "Demolition Laborer, Concrete Laborer, Construction Helper, Landscape Laborer, Flagger",
    certifications: "OSHA 10",
  }),
  row("Demolition Laborer", "47-2061", [17.5, 25], {
    aliases: "demolition worker, demo laborer, interior demolition worker, abatement worker",
    adjacent: "Construction Laborer, Construction Helper",
    certifications: "OSHA 10",
  }),
  row("Construction Helper", "47-3019", [16, 21.5], {
    aliases:
      "helper construction trade, construction trades helper, trades helper, building helper, construction trades assistant",
    adjacent: "Construction Laborer, Carpenter Helper, Mason Helper, Demolition Laborer",
    certifications: "OSHA 10",
  }),
  row("Concrete Finisher", "47-2051", [20, 29], {
    aliases:
      "cement mason, cement finisher, concrete mason, concrete placer, flatwork finisher, cement mason and concrete finisher",
    adjacent: "Concrete Laborer, Construction Laborer",
    certifications: "OSHA 10, ACI Flatwork Finisher",
  }),
  row("Concrete Laborer", "47-2051", [17, 23], {
    aliases:
      "concrete worker, concrete form setter, concrete helper, cement worker, concrete pourer, form setter",
    adjacent: "Construction Laborer, Mason Helper",
    certifications: "OSHA 10",
  }),
  row("Carpenter", "47-2031", [21, 31], {
    aliases:
      "framer, rough carpenter, finish carpenter, construction carpenter, siding installer, trim carpenter, framing carpenter, form carpenter, commercial carpenter",
    adjacent: "Carpenter Helper, Construction Laborer, Drywall Installer, Cabinetmaker",
    certifications: "OSHA 10",
  }),
  row("Carpenter Helper", "47-3012", [16, 21.5], {
    aliases: "helper of carpenter, framer helper, carpenter's helper, carpentry helper, helper carpenter",
    adjacent: "Construction Helper, Construction Laborer",
    certifications: "OSHA 10",
  }),
  row("Roofer", "47-2181", [19.5, 29], {
    aliases:
      "commercial roofer, industrial roofer, shingle roofer, roofing installer, residential roofer, roof installer, roofing mechanic",
    adjacent: "Roofer Helper, Construction Laborer",
    certifications: "OSHA 10, Fall Protection Training",
  }),
  row("Roofer Helper", "47-3016", [16.5, 22], {
    aliases:
      "roofing helper, roofing laborer, roofers helper, helper of roofer, roofer's helper, helper roofer",
    adjacent: "Construction Laborer, Construction Helper",
    certifications: "OSHA 10, Fall Protection Training",
  }),
  row("Brick Mason", "47-2021", [23, 34], {
    aliases:
      "brickmason, bricklayer, block mason, block layer, blockmason, brick layer, brickmason and blockmason",
    adjacent: "Mason Helper, Stonemason, Hardscape Installer",
    certifications: "OSHA 10",
  }),
  row("Stonemason", "47-2022", [21, 31], {
    aliases: "stone mason, rubble mason, stone layer, stonemasonry worker, rock mason",
    adjacent: "Mason Helper, Brick Mason, Hardscape Installer",
    certifications: "OSHA 10",
  }),
  row("Mason Helper", "47-3011", [16.5, 22.5], {
    aliases:
      "mason tender, brick mason helper, hod carrier, bricklayer helper, masonry helper, stonemason helper, tile setter helper, mason's helper, masonry laborer",
    adjacent: "Construction Laborer, Construction Helper, Concrete Laborer",
    certifications: "OSHA 10",
  }),
  row("Tile Setter", "47-2044", [20, 29], {
    aliases:
      "tile installer, tile layer, marble setter, tile and marble setter, tiler, tile and stone setter",
    adjacent: "Mason Helper, Flooring Installer",
  }),
  row("Flooring Installer", "47-2042", [18.5, 27], {
    aliases: "floor layer, carpet installer, hardwood floor installer, vinyl installer, floor installer",
    adjacent: "Tile Setter, Carpenter Helper",
  }),
  row("Painter", "47-2141", [18, 26], {
    aliases:
      "house painter, commercial painter, construction painter, residential painter, construction and maintenance painter, maintenance painter, interior painter",
    adjacent: "Painter Helper, Drywall Finisher",
  }),
  row("Painter Helper", "47-3014", [15.5, 20.5], {
    aliases:
      "plaster helper, helper of plasterer, plasterer helper, painter's helper, stucco helper, paperhanger helper, paint prep worker",
    adjacent: "Construction Helper, Construction Laborer",
  }),
  row("Plasterer", "47-2161", [20, 29], {
    aliases: "stucco mason, stucco worker, plasterer and stucco mason, stucco installer",
    adjacent: "Drywall Finisher, Painter Helper",
  }),
  row("Drywall Installer", "47-2081", [19.5, 28.5], {
    aliases:
      "drywall hanger, sheetrock hanger, ceiling tile installer, drywaller, drywall worker, sheetrock installer, acoustical ceiling installer",
    adjacent: "Drywall Finisher, Carpenter Helper, Construction Laborer",
    certifications: "OSHA 10",
  }),
  row("Drywall Finisher", "47-2082", [20, 29], {
    aliases: "taper, drywall taper, sheetrock finisher, mudder, drywall mudder",
    adjacent: "Painter, Drywall Installer",
  }),
  row("Insulation Installer", "47-2131", [18, 26], {
    aliases:
      "insulation worker, insulator, spray foam installer, insulation technician, attic insulation installer",
    adjacent: "Construction Laborer, Drywall Installer",
    certifications: "OSHA 10",
  }),
  row("Glazier", "47-2121", [20, 29.5], {
    aliases: "glass installer, window installer, storefront installer, auto glass installer",
    adjacent: "Carpenter Helper, Construction Laborer",
    certifications: "OSHA 10",
  }),
  row("Ironworker", "47-2221", [23, 35], {
    aliases:
      "iron worker, structural steel worker, steel erector, structural ironworker, structural iron and steel worker, metal building erector",
    adjacent: "Rebar Worker, Welder, Construction Laborer",
    certifications: "OSHA 10, Fall Protection Training",
  }),
  row("Rebar Worker", "47-2171", [20, 29.5], {
    aliases:
      "rodbuster, rebar installer, reinforcing ironworker, rebar tier, reinforcing iron and rebar worker, rod buster",
    adjacent: "Construction Laborer, Concrete Laborer",
    certifications: "OSHA 10",
  }),
  row("Heavy Equipment Operator", "47-2073", [23, 34], {
    aliases:
      "excavator operator, backhoe operator, bulldozer operator, equipment operator, loader operator, skid steer operator, operating engineer, grader operator, bobcat operator",
    adjacent: "Construction Laborer, Paving Equipment Operator",
    certifications: "NCCER Heavy Equipment, OSHA 10",
  }),
  row("Paving Equipment Operator", "47-2071", [20, 29], {
    aliases:
      "paver operator, asphalt paver operator, roller operator, asphalt raker, tamping equipment operator, asphalt paving operator",
    adjacent: "Construction Laborer, Heavy Equipment Operator",
    certifications: "OSHA 10",
  }),
  row("Crane Operator", "53-7021", [26, 40], {
    aliases:
      "tower crane operator, mobile crane operator, overhead crane operator, hoist operator, boom truck operator, crane and tower operator",
    adjacent: "Heavy Equipment Operator",
    certifications: "NCCCO Crane Operator, OSHA 10",
  }),
  row("Highway Maintenance Worker", "47-4051", [18, 25], {
    aliases:
      "road maintenance worker, road worker, road crew member, highway worker, guardrail installer, highway laborer, road striping worker",
    adjacent: "Construction Laborer, Flagger, Groundskeeper",
    certifications: "OSHA 10, Flagger Certification",
  }),
  row("Flagger", "33-9091", [16, 23], {
    aliases:
      "traffic flagger, traffic controller, flag person, traffic control technician, crossing guard, traffic control flagger",
    adjacent: "Construction Laborer, Security Guard",
    certifications: "Flagger Certification",
  }),
  row("Fence Erector", "47-4031", [17, 24], {
    aliases:
      "fence installer, fence builder, fencer, fence laborer, fencing installer, fence helper, fence worker",
    adjacent: "Construction Laborer, Carpenter Helper, Landscape Laborer",
  }),
  row("Solar Installer", "47-2231", [20, 28], {
    aliases:
      "solar panel installer, photovoltaic installer, pv installer, solar technician, solar photovoltaic installer",
    adjacent: "Electrician Helper, Roofer Helper, Construction Laborer",
    certifications: "OSHA 10, NABCEP PV Associate",
  }),
  row("Quarry Worker", "47-5051", [17, 24], {
    aliases:
      "rock splitter, quarry laborer, stone cutter, quarry rock splitter, stone splitter, flagstone worker",
    adjacent: "Construction Laborer, Mason Helper, Stonemason",
    certifications: "MSHA Part 46",
  }),
  row("Construction Supervisor", "47-1011", [28, 42], {
    aliases:
      "construction foreman, site supervisor, site foreman, construction superintendent, crew foreman, construction crew leader",
    adjacent: "Carpenter, Construction Laborer, Heavy Equipment Operator",
    certifications: "OSHA 30, CPR/First Aid",
  }),
];

export const SKILLED_TRADES: readonly RoleRow[] = [
  row("Electrician", "47-2111", [25, 38], {
    aliases:
      "journeyman electrician, industrial electrician, commercial electrician, residential electrician, wireman, maintenance electrician",
    adjacent: "Electrician Helper, Solar Installer, Maintenance Technician",
    certifications: "Journeyman Electrician License, OSHA 10",
  }),
  row("Electrician Helper", "47-3013", [16.5, 22.5], {
    aliases: "electrical helper, electrician apprentice, electrician assistant, electrical apprentice",
    adjacent: "Construction Helper, Construction Laborer",
    certifications: "OSHA 10",
  }),
  row("Plumber", "47-2152", [25, 38], {
    aliases:
      "journeyman plumber, residential plumber, commercial plumber, service plumber, plumbing technician",
    adjacent: "Plumber Helper, Pipefitter, Maintenance Technician",
    certifications: "Journeyman Plumber License, OSHA 10",
  }),
  row("Plumber Helper", "47-3015", [16.5, 22.5], {
    aliases: "plumbing helper, pipelayer helper, pipefitter helper, plumber apprentice, plumber's helper",
    adjacent: "Construction Helper, Construction Laborer, Irrigation Technician",
    certifications: "OSHA 10",
  }),
  row("Pipefitter", "47-2152", [25, 37], {
    aliases: "pipe fitter, steamfitter, pipefitter and steamfitter, sprinkler fitter, industrial pipefitter",
    adjacent: "Plumber, Plumber Helper, Welder",
    certifications: "OSHA 10, NCCER Pipefitting",
  }),
  row("HVAC Technician", "49-9021", [23, 34], {
    aliases:
      "hvac installer, hvac mechanic, hvac tech, refrigeration technician, air conditioning technician, refrigeration mechanic, heating technician",
    adjacent: "Sheet Metal Worker, Maintenance Technician",
    certifications: "EPA 608, OSHA 10",
  }),
  row("Sheet Metal Worker", "47-2211", [21, 32], {
    aliases:
      "sheet metal mechanic, duct installer, sheet metal fabricator, tinner, sheet metal installer, ductwork installer",
    adjacent: "Metal Fabricator, HVAC Technician, Construction Laborer",
    certifications: "OSHA 10",
  }),
  row("Millwright", "49-9044", [25, 36], {
    aliases: "machinery erector, industrial millwright, machine mover, machinery installer",
    adjacent: "Industrial Mechanic, Welder, Maintenance Technician",
    certifications: "OSHA 10, NCCER Millwright",
  }),
  row("Industrial Mechanic", "49-9041", [24, 35], {
    aliases:
      "industrial maintenance mechanic, industrial machinery mechanic, maintenance mechanic, plant mechanic, machine repairer, conveyor mechanic",
    adjacent: "Millwright, Maintenance Technician, Machine Operator",
    certifications: "OSHA 10",
  }),
  row("Maintenance Technician", "49-9071", [19, 28], {
    aliases:
      "maintenance repairer, maintenance worker, handyman, maintenance and repair worker, building maintenance worker, facilities technician, general maintenance worker, apartment maintenance technician, hotel maintenance worker",
    adjacent: "Maintenance Helper, Painter, Groundskeeper",
    certifications: "OSHA 10, EPA 608",
  }),
  row("Maintenance Helper", "49-9098", [15.5, 20.5], {
    aliases:
      "maintenance assistant, mechanic helper, repair helper, installation helper, maintenance and repair helper, maintenance laborer",
    adjacent: "Groundskeeper, Janitor, Construction Helper",
  }),
  row("Diesel Mechanic", "49-3031", [23, 34], {
    aliases:
      "diesel technician, truck mechanic, fleet mechanic, bus mechanic, heavy truck mechanic, diesel engine specialist, heavy equipment mechanic",
    adjacent: "Auto Mechanic, Maintenance Technician",
    certifications: "ASE Medium-Heavy Truck",
  }),
  row("Auto Mechanic", "49-3023", [20, 30], {
    aliases:
      "automotive technician, auto technician, automotive mechanic, lube technician, automotive service technician",
    adjacent: "Car Washer",
    certifications: "ASE Automobile",
  }),
  row("Auto Body Technician", "49-3021", [20, 30], {
    aliases:
      "auto body repairer, body shop technician, collision repair technician, auto body worker, automotive body repairer",
    adjacent: "Industrial Painter, Auto Mechanic",
    certifications: "I-CAR Platinum",
  }),
  row("Small Engine Mechanic", "49-3053", [17.5, 24], {
    aliases:
      "small engine technician, lawn mower mechanic, outdoor power equipment mechanic, golf cart mechanic, small engine repairer",
    adjacent: "Maintenance Helper",
  }),
];
