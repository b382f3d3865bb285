// What words of the trade have in common beyond their letters: a maid and a room attendant clean rooms, "Tennessee"
// is TN. A text that says one of these phrases gets the features of its concepts, so that two texts can be near
// without sharing a word. Written by hand from general knowledge of occupations; frozen with the model's name.

import { lightStem } from "./fold.ts";
import { correctorFor, type Corrector } from "./misspelt.ts";

/** Concept, then the phrases of one to three words that mean it. A phrase may mean several. */
const TRADES: Readonly<Record<string, string>> = {
  "room cleaning":
    "housekeeper, housekeeping, housecleaner, maid, chambermaid, room attendant, room cleaner, guest room attendant, turndown attendant, houseman, houseperson, linen runner, villa cleaner",
  "building cleaning":
    "janitor, janitorial, custodian, custodial, cleaner, cleaning, floor tech, public area attendant, sanitation",
  laundry: "laundry, launderer, dry cleaner, dry cleaning, presser, linen",
  grounds:
    "landscape, landscaper, landscaping, groundskeeper, groundskeeping, grounds, groundsman, greenskeeper, gardener, gardening, lawn, lawn care, mower, mowing, yard, turf, irrigation, golf course, hardscape, sod, mulch",
  trees:
    "arborist, tree trimmer, tree climber, tree pruner, tree surgeon, pruning, trimmer, climber, brush clearing",
  forestry:
    "forestry, forest, tree planter, reforestation, tree planting, logger, logging, timber, conservation, brush cutter, wildland",
  spraying:
    "pesticide, herbicide, sprayer, spray technician, exterminator, pest control, applicator, weed control",
  cooking:
    "cook, line cook, grill cook, fry cook, short order cook, prep cook, chef, sous chef, broiler, saute, cuisine, culinary, galley",
  chef: "chef, sous chef, executive chef, head cook, kitchen manager",
  kitchen:
    "cook, chef, kitchen, dishwasher, dish washer, potwasher, kitchen helper, kitchen steward, food preparation, food prep, prep, baker, culinary",
  "dish washing":
    "dishwasher, dish washer, potwasher, pot washer, kitchen steward, steward, dish machine, utility",
  "food preparation":
    "food preparation, food prep, prep cook, kitchen helper, salad, sandwich maker, pantry, kitchen worker",
  "counter food":
    "counter attendant, counter, concession, snack bar, fast food, barista, cafeteria, food service, ice cream, deli, coffee food vendor, food concession",
  "table service":
    "waiter, waitress, server, waitstaff, banquet server, food server, wait staff, cocktail server, banquet",
  "table clearing":
    "busser, busboy, bus person, dining room attendant, food runner, runner, barback, bar helper, banquet setup",
  bar: "bartender, barback, barkeeper, bar, mixologist, barmaid",
  greeting: "host, hostess, greeter, maitre",
  dining:
    "waiter, waitress, server, busser, busboy, dining room, restaurant, banquet, host, hostess, food runner, bartender",
  baking: "baker, bakery, baking, pastry, bread, cake decorator, confectioner",
  meat: "butcher, meat cutter, meat, meat packer, slaughterer, deboner, trimmer, poultry, beef, pork, sausage",
  seafood:
    "seafood, fish, fish cutter, fish processor, crab, crab picker, crabmeat, oyster, shucker, shrimp, crawfish, salmon, roe, fish cleaner, clam, lobster",
  fishing: "fisherman, fisher, deckhand, trawler, fishing vessel, shrimper",
  boats: "deckhand, sailor, captain, boat, vessel, seaman, ferry, dock, marina",
  amusement:
    "amusement, carnival, midway, ride operator, ride attendant, ride, game attendant, game operator, circus, arcade, amusement park, theme park, carnival worker, recreation attendant, recreation worker",
  recreation:
    "recreation, recreation attendant, golf caddy, caddie, caddy, bowling, golf attendant, activities, beach attendant, pool attendant, ski lift, lift attendant, lift operator",
  rescue: "lifeguard, ski patrol, pool, water safety, swim, beach patrol",
  skiing:
    "ski, snowboard, ski instructor, snowboard instructor, ski resort, snow sports, lift operator, snowmaker, snow making, ski patrol",
  teaching: "instructor, teacher, tutor, coach, trainer, lecturer, training, educator",
  coaching:
    "coach, athlete, player, sport instructor, tennis, soccer, ski instructor, riding instructor, golf pro, scout",
  camp: "camp counselor, counselor, camp, youth leader",
  horses:
    "groom, stable, stablehand, horse, equine, barn, exercise rider, hot walker, polo, thoroughbred, farrier, racehorse, jockey, horse trainer",
  animals:
    "animal, animal caretaker, kennel, dog, pet groomer, zookeeper, veterinary, animal trainer, groom, stable, horse",
  livestock: "livestock, cattle, ranch, sheep, herder, dairy, cow, goat, hog",
  farming:
    "farm, farmworker, field worker, harvest, harvester, crop, orchard, fruit picker, vineyard, agricultural, agriculture, tractor",
  nursery: "nursery, greenhouse, horticulture, horticultural, grower, florist",
  building:
    "construction, builder, building trade, demolition, site cleanup, remodeling, carpenter, framer, roofer, mason, drywall, concrete, scaffolding",
  concrete:
    "concrete, cement, cement mason, concrete finisher, form setter, rebar, foundation, gunite, shotcrete, precast, curb",
  masonry:
    "mason, masonry, brick, bricklayer, brickmason, blockmason, stonemason, block layer, hod carrier, stone setter, mason tender",
  stone: "stone, quarry, marble, granite, stone cutter, crusher, gravel, aggregate, flagstone, driller",
  tile: "tile, tile setter, flooring, floor layer, carpet installer, hardwood floor, floor installer, marble setter",
  carpentry:
    "carpenter, carpentry, framer, framing, cabinetmaker, cabinet, joiner, woodworker, trim carpenter, formwork, millwork, finish carpenter",
  roofing: "roofer, roofing, roof, shingle, sheet metal",
  painting: "painter, painting, paint, paperhanger, coating, sandblaster, pressure washer",
  drywall: "drywall, sheetrock, taper, plasterer, plaster, stucco, lather, dry wall hanger",
  electrical:
    "electrician, electrical, wireman, wiring, lineman, power line, solar installer, low voltage, cable puller",
  plumbing:
    "plumber, plumbing, pipefitter, pipe fitter, pipelayer, pipe layer, steamfitter, sprinkler fitter, sewer, drain, septic, pipe",
  welding:
    "welder, welding, weld, solderer, brazer, fabricator, metal fabricator, tig, mig, pipe welder, cutter",
  ironwork:
    "ironworker, iron worker, structural steel, steel erector, rigger, structural fitter, structural metal, reinforcing",
  shipbuilding: "shipfitter, shipyard, ship fitter, hull, marine welder, outfitter",
  fencing: "fence, fencing, fence erector, fence installer",
  paving: "paving, asphalt, sealcoating, seal coating, highway, road, striping, roadway, pavement",
  earthmoving:
    "excavator, backhoe, bulldozer, heavy equipment, equipment operator, dozer, skid steer, grader, crane, earth driller, trencher, trackhoe, machine operator",
  glass: "glazier, glass, window installer, glazing, window",
  insulation: "insulation, insulator, insulation installer, weatherization",
  cooling: "hvac, refrigeration, air conditioning, heating, duct, boiler",
  vehicles:
    "mechanic, automotive, diesel, auto body, auto mechanic, tire, lube, detailer, car wash, vehicle, small engine",
  repair:
    "maintenance, repair, repairer, handyman, fixer, mechanic, upkeep, maintenance technician, maintenance worker, millwright",
  "heavy driving":
    "truck driver, trucker, cdl, tractor trailer, semi driver, heavy truck, truck, tanker, dump truck, big commercial driver, long haul",
  "light driving":
    "delivery driver, van driver, courier, chauffeur, shuttle driver, taxi, route driver, driver, delivery",
  "bus driving": "bus driver, coach driver, shuttle bus, motorcoach, transit",
  forklift:
    "forklift, fork lift, lift truck, reach truck, fork truck, pallet jack, industrial truck, stand up reach, cherry picker, clamp truck",
  warehouse:
    "warehouse, warehouseman, picker, order picker, order selector, stocker, order filler, material handler, loader, unloader, freight, dock worker, lumper, shipping, receiving, stock, material mover, forklift, distribution center, inventory",
  moving: "mover, moving, furniture mover, relocation, household goods, material mover",
  packing: "packer, packager, packing, packaging, hand packer, bagger, boxer, wrapper, bottler",
  manufacturing:
    "production, assembler, assembly, manufacturing, factory, machine operator, fabrication, plant worker, industrial, line worker, extruder, molding, press operator",
  machining:
    "machinist, cnc, lathe, mill operator, tool and die, toolmaker, numerical control, machining, grinder, milling, programmer",
  inspection: "inspector, quality control, tester, sorter, grader, quality assurance, checker, sampler",
  sawmill: "sawmill, sawyer, lumber, saw operator, wood, planer",
  "food processing":
    "food processing, food processor, batchmaker, mixer, cannery, freezer, sugar, mill, syrup, cheese, wine, winery, cellar, brewer, brewery, fruit, vegetable",
  sewing: "sewing, seamstress, tailor, upholsterer, stitcher, textile, garment",
  selling:
    "sales, salesperson, retail, store, merchandiser, vendor, souvenir, sales clerk, boutique, salesman",
  cashier: "cashier, checkout, ticket seller, ticket taker, box office, teller, till",
  "front desk":
    "front desk, receptionist, hotel clerk, desk clerk, guest service, reservation, front office, night auditor, concierge",
  luggage:
    "bellhop, bellman, bell attendant, bellperson, porter, doorman, valet, parking attendant, baggage, luggage, concierge, skycap",
  lodging: "hotel, motel, resort, lodging, inn, innkeeper, housekeeper, front desk, bellman, room attendant",
  office:
    "office, administrative, secretary, data entry, typist, file clerk, clerical, receptionist, office assistant, executive assistant",
  accounting: "accountant, accounting, bookkeeper, auditor, payroll, billing, tax preparer, audit",
  "care of people":
    "nurse, nursing, rn, lpn, cna, nursing assistant, nurse aide, caregiver, home health aide, personal care, patient care, orderly, elder care, companion",
  medicine:
    "nurse, nursing, medical, physician, doctor, dental, dentist, therapist, pharmacist, pharmacy, phlebotomist, radiology, paramedic, surgical",
  children: "nanny, childcare, child care, au pair, babysitter, daycare, preschool, governess",
  security:
    "security guard, security, guard, watchman, bouncer, gatekeeper, patrol officer, loss prevention, surveillance",
  events:
    "stagehand, event, usher, audio, tent installer, tent, rigging, concert, party rental, exhibit, festival",
  beauty:
    "massage, spa, nail, manicurist, hairdresser, hair stylist, cosmetologist, esthetician, barber, beautician, skincare, masseuse",
  performing:
    "musician, singer, actor, performer, dancer, entertainer, clown, music, violinist, choreographer",
  computing:
    "software, programmer, developer, web, computer, information technology, database, network, java, sysadmin, systems analyst, it support, help desk",
  engineering:
    "engineer, engineering, drafter, cad, architect, surveyor, mechanical engineer, civil engineer, designer",
  telecom:
    "tower, tower technician, tower climber, telecommunication, telecom, antenna, cable installer, fiber optic, wireless, line installer",
  oil: "oil, drilling, roustabout, derrick, pipeline, oilfield",
  waste: "recycling, refuse, garbage, trash, waste, scrap, junk, recyclable",
  pools: "swimming pool, pool cleaner, pool installer, pool technician, hot tub",
  marketing:
    "marketing, advertising, public relation, social media, promotion, market brand ambassador, demonstrator",
  science: "scientist, biologist, chemist, laboratory, biology, aquaculture, geologist",
  travel:
    "travel, tour, tour guide, travel agent, guide, tourism, flight, pilot, expedition, rafting, outfitter",
  leading:
    "supervisor, foreman, forewoman, manager, crew leader, superintendent, first line supervisor, crew chief, director, team lead",
  helping: "helper, tender, assistant, apprentice, trainee",
  management: "manager, director, executive, administrator, general manager",
};

const STATES =
  "al alabama, ak alaska, az arizona, ar arkansas, ca california, co colorado, ct connecticut, de delaware, fl florida, " +
  "ga georgia, hi hawaii, id idaho, il illinois, in indiana, ia iowa, ks kansas, ky kentucky, la louisiana, me maine, " +
  "md maryland, ma massachusetts, mi michigan, mn minnesota, ms mississippi, mo missouri, mt montana, ne nebraska, " +
  "nv nevada, nh new hampshire, nj new jersey, nm new mexico, ny new york, nc north carolina, nd north dakota, oh ohio, " +
  "ok oklahoma, or oregon, pa pennsylvania, pr puerto rico, ri rhode island, sc south carolina, sd south dakota, " +
  "tn tennessee, tx texas, ut utah, vt vermont, va virginia, wa washington, wv west virginia, wi wisconsin, wy wyoming";

/** Codes that are words or common shorthand in small letters; they mean the state in capitals only. */
const WORD_LIKE_CODES: ReadonlySet<string> = new Set(
  "al co de hi id in la ma me mi ms mt oh ok or pa pr".split(" "),
);

const CODES = new Map<string, string>();
const CONCEPTS = new Map<string, string[]>();
/** By first word: the most words that a phrase starting with it has. */
const LONGEST = new Map<string, number>();

function addPhrase(phrase: string, concept: string): void {
  const words = phrase.split(" ").map(lightStem);
  const [first = ""] = words;
  LONGEST.set(first, Math.max(words.length, LONGEST.get(first) ?? 0));
  const key = words.join(" ");
  CONCEPTS.set(key, [...new Set([...(CONCEPTS.get(key) ?? []), concept])]);
}

for (const [concept, phrases] of Object.entries(TRADES)) {
  for (const phrase of phrases.split(", ")) addPhrase(phrase, concept);
}
for (const state of STATES.split(", ")) {
  const code = state.slice(0, 2);
  addPhrase(state.slice(3), `state ${code}`);
  CODES.set(code, `state ${code}`);
}

/** A misspelt word of these phrases as it was meant. */
export const corrected: Corrector = correctorFor([...CONCEPTS.keys()].flatMap((phrase) => phrase.split(" ")));

/** The concepts that a phrase of folded words, joined by blanks, means. */
export function conceptsOf(phrase: string): readonly string[] {
  return CONCEPTS.get(phrase) ?? [];
}

/** The most words of a phrase that starts with this one; 0 when none does. */
export function longestFrom(stem: string): number {
  return LONGEST.get(stem) ?? 0;
}

/** The state that a two-letter word means, when it can only mean a state as it is written. */
export function stateOf(word: string, capitals: boolean): string | undefined {
  return capitals || !WORD_LIKE_CODES.has(word) ? CODES.get(word) : undefined;
}
