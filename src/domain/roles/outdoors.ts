// Roles of the open air: grounds, fields, forests, stables, boats, slopes and fairs. Most seasonal orders ask for one
// of these, and for landscape laborers above all.

import { row, type RoleRow } from "./row.ts";

export const LANDSCAPING: readonly RoleRow[] = [
  row("Landscape Laborer", "37-3011", [15.5, 20.5], {
    aliases:
      "landscaper, landscape worker, landscaping laborer, landscaping worker, landscape crew member, landscape technician, landscape specialist, landscape helper, landscape installer, landscaping and groundskeeping worker",
    adjacent:
      "Groundskeeper, Lawn Care Technician, Irrigation Technician, Tree Ground Worker, Snow Removal Worker",
  }),
  row("Groundskeeper", "37-3011", [15.5, 20.5], {
    aliases:
      "grounds maintenance worker, grounds keeper, groundskeeping worker, gardener, yard laborer, grounds worker, park maintenance worker, brush clearer, groundsman",
    adjacent: "Landscape Laborer, Lawn Care Technician, Snow Removal Worker, Janitor",
  }),
  row("Lawn Care Technician", "37-3011", [16, 21], {
    aliases:
      "lawn maintenance worker, lawn mower, lawn care worker, lawn technician, mowing crew member, lawn service worker, turf technician",
    adjacent: "Landscape Laborer, Groundskeeper, Snow Removal Worker",
  }),
  row("Golf Course Maintenance Worker", "37-3011", [15, 20], {
    aliases:
      "greenskeeper, greens keeper, golf course laborer, golf course groundskeeper, golf maintenance worker, golf course worker, greensman",
    adjacent: "Groundskeeper, Landscape Laborer, Lawn Care Technician, Golf Attendant",
  }),
  row("Irrigation Technician", "37-3011", [17, 23.5], {
    aliases:
      "irrigation worker, irrigation laborer, lawn sprinkler installer, sprinkler technician, irrigation installer, irrigation helper, sprinkler installer",
    adjacent: "Landscape Laborer, Groundskeeper, Plumber Helper",
  }),
  row("Snow Removal Worker", "37-3011", [16, 22], {
    aliases: "snow shoveler, snow removal laborer, snow plow helper, snow remover, sidewalk shoveler",
    adjacent: "Groundskeeper, Landscape Laborer",
  }),
  row("Tree Ground Worker", "37-3011", [16, 21.5], {
    aliases:
      "ground person, tree groundsman, tree service laborer, brush chipper operator, tree crew member, arborist helper",
    adjacent: "Landscape Laborer, Groundskeeper, Forestry Worker",
    certifications: "Chainsaw Safety",
  }),
  row("Tree Trimmer", "37-3013", [18, 27], {
    aliases:
      "tree climber, tree pruner, arborist, tree trimmer and pruner, tree cutter, tree surgeon, utility line clearance trimmer",
    adjacent: "Tree Ground Worker, Landscape Laborer, Forestry Worker",
    certifications: "Chainsaw Safety, ISA Certified Arborist",
  }),
  row("Pesticide Applicator", "37-3012", [17.5, 24], {
    aliases:
      "spray technician, herbicide applicator, weed control technician, lawn spray technician, pesticide handler, chemical lawn applicator",
    adjacent: "Lawn Care Technician, Landscape Laborer, Groundskeeper",
    certifications: "Pesticide Applicator License",
  }),
  row("Hardscape Installer", "47-4091", [18, 25], {
    aliases:
      "segmental paver, paver installer, brick paver, patio installer, hardscaper, retaining wall installer, paver layer",
    adjacent: "Landscape Laborer, Construction Laborer, Mason Helper",
  }),
  row("Landscape Supervisor", "37-1012", [20, 29], {
    aliases:
      "landscape foreman, landscape crew leader, landscaping crew leader, landscape crew supervisor, grounds supervisor, lead landscaper, landscape crew chief",
    adjacent: "Landscape Laborer, Groundskeeper, Irrigation Technician, Hardscape Installer",
    certifications: "Pesticide Applicator License",
  }),
];

export const AGRICULTURE: readonly RoleRow[] = [
  row("Farmworker", "45-2092", [14, 18.5], {
    aliases:
      "farm worker, farm laborer, harvest worker, field worker, fruit picker, crop worker, vineyard worker, farmhand, agricultural laborer",
    adjacent: "Nursery Worker, Produce Sorter, Landscape Laborer",
  }),
  row("Nursery Worker", "45-2092", [14, 18], {
    aliases:
      "greenhouse worker, nursery laborer, plant nursery worker, greenhouse laborer, horticulture worker, nurseryman, potting worker",
    adjacent: "Farmworker, Landscape Laborer, Produce Sorter",
  }),
  row("Farm Equipment Operator", "45-2091", [17, 23], {
    aliases:
      "agricultural equipment operator, tractor operator, combine operator, harvester operator, farm machinery operator, cotton gin worker",
    adjacent: "Farmworker, Nursery Worker",
  }),
  row("Ranch Hand", "45-2093", [14.5, 19.5], {
    aliases:
      "livestock worker, dairy worker, cattle hand, milker, farm animal worker, livestock handler, cowhand, sheep shearer, chicken catcher",
    adjacent: "Stable Attendant, Farmworker",
  }),
  row("Stable Attendant", "39-2021", [13.5, 18], {
    aliases:
      "groom, horse groom, stable hand, barn worker, racehorse groom, horse show groom, show horse groom, thoroughbred racehorse groom, barn hand, stableman",
    adjacent: "Animal Caretaker, Ranch Hand",
  }),
  row("Animal Caretaker", "39-2021", [13.5, 18], {
    aliases:
      "kennel attendant, kennel worker, pet groomer, dog groomer, animal care attendant, nonfarm animal caretaker, zoo attendant, pet sitter",
    adjacent: "Stable Attendant",
  }),
  row("Tree Planter", "45-4011", [15, 21], {
    aliases:
      "reforestation worker, reforestation laborer, tree planting worker, seedling planter, planting crew member",
    adjacent: "Forestry Worker, Landscape Laborer, Nursery Worker",
  }),
  row("Forestry Worker", "45-4011", [15, 21], {
    aliases:
      "forest worker, forest and conservation worker, forestry laborer, pine straw gatherer, forest laborer, forestry technician, pine straw raker, pine straw baler, thinning crew member, brush cutter",
    adjacent: "Tree Planter, Landscape Laborer, Tree Ground Worker",
    certifications: "Chainsaw Safety",
  }),
  row("Timber Faller", "45-4021", [19, 28], {
    aliases: "logger, faller, timber cutter, chainsaw operator, tree faller",
    adjacent: "Forestry Worker, Tree Ground Worker",
    certifications: "Chainsaw Safety, CPR/First Aid",
  }),
  row("Commercial Fisher", "45-3031", [15, 25], {
    aliases:
      "fisherman, commercial fisherman, deckhand, fishing deckhand, shrimp boat deckhand, oyster boat deckhand, fishing vessel deckhand, shrimper",
    adjacent: "Seafood Processor, Seafood Packer",
  }),
];

export const AMUSEMENT: readonly RoleRow[] = [
  row("Amusement Attendant", "39-3091", [12.5, 16.5], {
    aliases:
      "amusement park worker, amusement and recreation attendant, ride attendant, game attendant, arcade attendant, fun park attendant, amusement park attendant, theme park attendant, games attendant",
    adjacent: "Carnival Worker, Recreation Attendant, Food Counter Attendant, Usher",
  }),
  row("Carnival Worker", "39-3091", [12.5, 16.5], {
    aliases:
      "carnival attendant, carnival ride operator, fair worker, carnival laborer, traveling carnival worker, carnie, midway attendant, circus worker",
    adjacent: "Amusement Attendant, Ride Operator, Food Counter Attendant",
  }),
  row("Ride Operator", "39-3091", [13, 17.5], {
    aliases:
      "amusement ride operator, zipline operator, go kart attendant, roller coaster operator, ride mechanic helper, attraction operator",
    adjacent: "Amusement Attendant, Carnival Worker",
    certifications: "CPR/First Aid",
  }),
  row("Recreation Attendant", "39-3091", [13, 17.5], {
    aliases:
      "pool attendant, beach attendant, cabana attendant, recreation aide, recreational aide, marina attendant, tennis attendant, boat rental attendant, bike rental attendant",
    adjacent: "Amusement Attendant, Locker Room Attendant, Golf Attendant",
    certifications: "CPR/First Aid",
  }),
  row("Golf Attendant", "39-3091", [12.5, 17], {
    aliases:
      "caddy, caddie, golf caddy, golf cart attendant, golf bag attendant, driving range attendant, outside services attendant, golf ranger",
    adjacent: "Recreation Attendant, Golf Course Maintenance Worker",
  }),
  row("Ski Lift Operator", "39-3091", [15, 20], {
    aliases:
      "lift operator, ski lift attendant, chairlift operator, lift attendant, liftie, tubing park attendant",
    adjacent: "Recreation Attendant, Amusement Attendant, Snow Removal Worker",
    certifications: "CPR/First Aid",
  }),
  row("Snowmaker", "51-9199", [16, 21.5], {
    aliases:
      "snow maker, experienced snowmaker, snow gun operator, snowmaking technician, snowmaking crew member",
    adjacent: "Ski Lift Operator, Snow Removal Worker, Maintenance Helper",
  }),
  row("Ski Instructor", "25-3021", [18, 30], {
    aliases:
      "snowboard instructor, ski teacher, snowsports instructor, alpine instructor, children's ski instructor, cross country ski instructor",
    adjacent: "Ski Patroller, Ski Lift Operator, Recreation Worker",
    certifications: "PSIA-AASI Level I, CPR/First Aid",
  }),
  row("Ski Patroller", "33-9092", [18, 26], {
    aliases: "ski patrol, mountain patroller, ski patrolman, beach patrol, slope patroller",
    adjacent: "Ski Lift Operator, Ski Instructor",
    certifications: "Outdoor Emergency Care, BLS",
  }),
  row("Lifeguard", "33-9092", [14, 19], {
    aliases: "life guard, pool lifeguard, beach lifeguard, waterpark lifeguard, ocean lifeguard, pool guard",
    adjacent: "Recreation Attendant, Swim Instructor",
    certifications: "Lifeguard Certification, CPR/First Aid",
  }),
  row("Swim Instructor", "25-3021", [16, 24], {
    aliases:
      "swimming instructor, swim teacher, water safety instructor, surf instructor, scuba instructor, sailing instructor",
    adjacent: "Lifeguard, Recreation Worker",
    certifications: "Water Safety Instructor, CPR/First Aid",
  }),
  row("Recreation Worker", "39-9032", [14.5, 20], {
    aliases:
      "camp counselor, recreation leader, activities coordinator, activity leader, recreation coordinator, program assistant, camp staff member, soccer instructor",
    adjacent: "Recreation Attendant, Childcare Worker, Coach",
    certifications: "CPR/First Aid",
  }),
  row("Coach", "27-2022", [18, 30], {
    aliases:
      "soccer coach, sports coach, swim coach, coach and scout, tennis coach, athletic coach, gymnastics coach, assistant coach, youth coach",
    adjacent: "Recreation Worker",
    certifications: "CPR/First Aid",
  }),
  row("Outdoor Guide", "39-7012", [16, 24], {
    aliases:
      "rafting guide, whitewater rafting guide, river guide, fishing guide, travel guide, hiking guide, raft guide, hunting guide",
    adjacent: "Tour Guide, Recreation Worker",
    certifications: "Wilderness First Responder, CPR/First Aid",
  }),
  row("Tour Guide", "39-7011", [15, 20.5], {
    aliases: "tour escort, museum guide, tour leader, sightseeing guide, docent, tour guide and escort",
    adjacent: "Usher, Recreation Attendant",
  }),
];
