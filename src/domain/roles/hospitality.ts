// Roles of hotels, kitchens, dining rooms, cleaning crews and events. Adjacency runs down the line: a cook may be
// asked to prepare or to wash up, a server to bus tables; nobody is lifted into a role that takes training.

import { row, type RoleRow } from "./row.ts";

export const HOSPITALITY: readonly RoleRow[] = [
  row("Housekeeper", "37-2012", [14, 19], {
    aliases:
      "room attendant, maid, housekeeping attendant, guest room attendant, hotel housekeeper, room cleaner, housekeeping, housecleaner, housekeeping cleaner, maid and housekeeping cleaner",
    adjacent: "Houseperson, Laundry Attendant, Janitor",
  }),
  row("Houseperson", "37-2012", [14, 18], {
    aliases:
      "houseman, house attendant, housekeeping houseperson, house person, public area attendant, lobby attendant, turndown attendant",
    adjacent: "Housekeeper, Laundry Attendant, Janitor, Event Setup Worker",
  }),
  row("Housekeeping Supervisor", "37-1011", [17.5, 24], {
    aliases:
      "housekeeping lead, executive housekeeper, housekeeping inspector, room inspector, cleaning supervisor, custodial supervisor",
    adjacent: "Housekeeper, Houseperson, Laundry Attendant",
  }),
  row("Laundry Attendant", "51-6011", [13.5, 17.5], {
    aliases:
      "laundry worker, laundry aide, linen attendant, laundry and dry-cleaning worker, dry cleaner, washer operator, linen room attendant, laundry",
    adjacent: "Housekeeper, Houseperson",
  }),
  row("Front Desk Agent", "43-4081", [15, 20.5], {
    aliases:
      "front desk clerk, desk clerk, hotel clerk, guest service agent, front desk attendant, front desk associate, night auditor, hotel receptionist, resort desk clerk, hotel front desk",
    adjacent: "Concierge, Receptionist, Bell Attendant",
  }),
  row("Bell Attendant", "39-6011", [13, 17.5], {
    aliases:
      "bellhop, bellman, bell person, bellperson, baggage porter, bell staff, doorman, door attendant, hotel porter, baggage porter and bellhop",
    adjacent: "Parking Attendant, Houseperson, Concierge",
  }),
  row("Concierge", "39-6012", [16, 22.5], {
    aliases: "hotel concierge, guest services concierge, lobby concierge, residential concierge",
    adjacent: "Front Desk Agent, Bell Attendant, Receptionist",
  }),
  row("Locker Room Attendant", "39-3093", [13.5, 17.5], {
    aliases:
      "spa attendant, coat check attendant, coatroom attendant, locker attendant, dressing room attendant, club attendant",
    adjacent: "Recreation Attendant, Houseperson",
  }),
];

export const FOOD_SERVICE: readonly RoleRow[] = [
  row("Line Cook", "35-2014", [16, 22], {
    aliases:
      "cook, restaurant cook, grill cook, saute cook, broiler cook, station cook, fry cook, hotel cook",
    adjacent: "Prep Cook, Short Order Cook, Institutional Cook, Dishwasher",
    certifications: "ServSafe Food Handler",
  }),
  row("Prep Cook", "35-2021", [14.5, 19], {
    aliases:
      "food preparation worker, food prep worker, kitchen prep, food preparer, prep person, pantry cook, salad maker, kitchen worker, food prep",
    adjacent: "Dishwasher, Food Service Worker",
    certifications: "ServSafe Food Handler",
  }),
  row("Short Order Cook", "35-2015", [14.5, 19], {
    aliases: "cook short order, breakfast cook, diner cook, snack bar cook, egg cook",
    adjacent: "Prep Cook, Fast Food Cook, Dishwasher",
    certifications: "ServSafe Food Handler",
  }),
  row("Institutional Cook", "35-2012", [15, 20.5], {
    aliases:
      "cafeteria cook, school cook, camp cook, institution and cafeteria cook, mess hall cook, hospital cook, galley cook",
    adjacent: "Prep Cook, Line Cook, Food Service Worker, Dishwasher",
    certifications: "ServSafe Food Handler",
  }),
  row("Fast Food Cook", "35-2011", [13.5, 17], {
    aliases: "fry station cook, pizza maker, burger cook, pizza cook, fast food line cook",
    adjacent: "Fast Food Worker, Prep Cook, Dishwasher",
    certifications: "ServSafe Food Handler",
  }),
  row("Chef", "35-1011", [22, 34], {
    aliases:
      "sous chef, head cook, executive chef, chef and head cook, chef de partie, pastry chef, banquet chef, lead cook",
    adjacent: "Line Cook, Prep Cook, Institutional Cook",
    certifications: "ServSafe Manager",
  }),
  row("Dishwasher", "35-9021", [13.5, 17.5], {
    aliases:
      "dish washer, kitchen steward, steward, kitchen porter, pot washer, utility dishwasher, kitchen helper, kitchen utility worker, kitchen attendant",
    adjacent: "Busser, Food Service Worker, Prep Cook",
  }),
  row("Server", "35-3031", [11, 18], {
    aliases:
      "waiter, waitress, waitstaff, wait staff, food server, waiter and waitress, waiter/waitress, restaurant server, dining room server",
    adjacent: "Busser, Host, Banquet Server, Room Service Attendant",
    certifications: "TIPS Alcohol Server, ServSafe Food Handler",
  }),
  row("Banquet Server", "35-3031", [15, 21], {
    aliases:
      "catering server, event server, banquet waiter, banquet waitress, catering attendant, banquet staff",
    adjacent: "Server, Busser, Event Setup Worker",
    certifications: "TIPS Alcohol Server, ServSafe Food Handler",
  }),
  row("Room Service Attendant", "35-3041", [13, 18], {
    aliases:
      "room service server, in-room dining attendant, nonrestaurant food server, minibar attendant, dietary server",
    adjacent: "Server, Busser",
  }),
  row("Busser", "35-9011", [12, 16], {
    aliases:
      "dining room attendant, server assistant, bus person, busboy, table busser, bus attendant, bartender helper, dining room and cafeteria attendant, dining room helper, food runner",
    adjacent: "Dishwasher, Host",
  }),
  row("Barback", "35-9011", [12.5, 16.5], {
    aliases: "bar back, bar helper, bar porter, bar runner",
    adjacent: "Busser, Dishwasher",
    certifications: "TIPS Alcohol Server",
  }),
  row("Bartender", "35-3011", [13, 20], {
    aliases: "barkeeper, mixologist, bar tender, event bartender, banquet bartender, pub bartender",
    adjacent: "Barback, Server, Barista",
    certifications: "TIPS Alcohol Server",
  }),
  row("Host", "35-9031", [12.5, 16.5], {
    aliases: "hostess, restaurant host, host/hostess, restaurant greeter, dining room host",
    adjacent: "Busser, Cashier",
  }),
  row("Barista", "35-3023", [13.5, 17.5], {
    aliases: "coffee maker, coffee shop attendant, coffee bar attendant, espresso bartender, cafe worker",
    adjacent: "Food Counter Attendant, Cashier, Fast Food Worker",
    certifications: "ServSafe Food Handler",
  }),
  row("Food Counter Attendant", "35-3023", [13, 17], {
    aliases:
      "counter attendant, concession worker, concession attendant, concessions worker, cafeteria attendant, food concession worker, snack bar attendant, ice cream server, lunch counter attendant, deli worker",
    adjacent: "Fast Food Worker, Cashier, Barista, Food Service Worker",
    certifications: "ServSafe Food Handler",
  }),
  row("Fast Food Worker", "35-3023", [13, 16.5], {
    aliases:
      "fast food and counter worker, fast food crew member, quick service worker, drive thru attendant, combined food preparation and serving worker",
    adjacent: "Food Counter Attendant, Cashier, Dishwasher",
    certifications: "ServSafe Food Handler",
  }),
  row("Food Service Worker", "35-3023", [14, 18], {
    aliases:
      "food service attendant, cafeteria worker, dietary aide, food worker, lunchroom worker, food service helper, foodservice worker",
    adjacent: "Dishwasher, Food Counter Attendant, Busser",
    certifications: "ServSafe Food Handler",
  }),
  row("Food Service Supervisor", "35-1012", [17.5, 24.5], {
    aliases:
      "kitchen supervisor, dining room supervisor, server captain, banquet captain, restaurant supervisor, catering supervisor, food service lead",
    adjacent: "Server, Line Cook, Banquet Server, Host",
    certifications: "ServSafe Manager, TIPS Alcohol Server",
  }),
];

export const CLEANING: readonly RoleRow[] = [
  row("Janitor", "37-2011", [14, 19.5], {
    aliases:
      "custodian, cleaner, office cleaner, building cleaner, porter, day porter, night cleaner, commercial cleaner, floor technician, janitor and cleaner",
    adjacent: "Houseperson, Housekeeper, Industrial Cleaner, Window Cleaner",
  }),
  row("Industrial Cleaner", "37-2011", [15.5, 21.5], {
    aliases:
      "sanitation technician, plant cleaner, plant sanitation worker, construction cleaner, final clean crew member, tank cleaner, pressure washer, power washer",
    adjacent: "Janitor, Production Helper, Construction Laborer",
    certifications: "OSHA 10",
  }),
  row("Window Cleaner", "37-2011", [16, 23], {
    aliases:
      "window washer, high rise window cleaner, high rise window washer, glass cleaner, exterior cleaner",
    adjacent: "Janitor",
    certifications: "OSHA 10, Fall Protection Training",
  }),
  row("Pool Cleaner", "37-2011", [15, 20.5], {
    aliases:
      "pool technician, swimming pool cleaner, pool service technician, pool maintenance worker, pool servicer",
    adjacent: "Janitor, Groundskeeper, Recreation Attendant",
    certifications: "Certified Pool Operator",
  }),
  row("Car Washer", "53-7061", [13.5, 17.5], {
    aliases:
      "car detailer, auto detailer, vehicle cleaner, car wash attendant, lot attendant, vehicle washer, boat detailer, truck washer",
    adjacent: "Parking Attendant, Janitor",
  }),
];

export const EVENTS: readonly RoleRow[] = [
  row("Event Setup Worker", "53-7062", [15, 20], {
    aliases:
      "event laborer, event setup crew, banquet setup, banquet houseperson, event set-up worker, convention setup worker, event crew member, banquet set-up assistant",
    adjacent: "Tent Installer, Loader, Houseperson, Stagehand",
  }),
  row("Tent Installer", "53-7062", [15.5, 20.5], {
    aliases: "tent erector, tent crew member, tent setter, tent rigger, party rental worker, tent technician",
    adjacent: "Event Setup Worker, Loader, Construction Laborer",
  }),
  row("Stagehand", "27-4011", [18, 28], {
    aliases: "stage technician, stage crew member, grip, load in crew member, stage loader",
    adjacent: "Event Setup Worker, Audiovisual Technician, Loader",
    certifications: "OSHA 10, Fall Protection Training",
  }),
  row("Audiovisual Technician", "27-4011", [20, 30], {
    aliases:
      "av technician, audio visual technician, av tech, sound technician, lighting technician, event av technician",
    adjacent: "Stagehand",
  }),
  row("Usher", "39-3031", [13, 17], {
    aliases:
      "ticket taker, lobby usher, guest services attendant, ticket attendant, gate attendant, usher and ticket taker",
    adjacent: "Event Security Guard, Cashier, Event Setup Worker",
  }),
  row("Brand Ambassador", "41-9011", [17, 24], {
    aliases:
      "product demonstrator, promotional model, event promoter, demonstrator, sampling associate, street team member",
    adjacent: "Retail Sales Associate, Usher",
  }),
];
