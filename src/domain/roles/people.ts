// Roles that serve people face to face or keep the books: care, offices, shops and guards. Clinical roles carry a
// licence, and nobody without it is adjacent to them.

import { row, type RoleRow } from "./row.ts";

export const HEALTHCARE: readonly RoleRow[] = [
  row("Certified Nursing Assistant", "31-1131", [17, 23.5], {
    aliases:
      "cna, nursing assistant, nurse aide, certified nurse aide, nursing aide, nurse assistant, certified nurse assistant, state tested nursing assistant, stna",
    adjacent: "Home Health Aide, Personal Care Aide, Patient Transporter",
    certifications: "CNA License, BLS, TB Test",
  }),
  row("Medication Aide", "31-1131", [18, 25], {
    aliases:
      "certified medication aide, medication technician, med tech, qualified medication aide, medication assistant",
    adjacent: "Certified Nursing Assistant, Personal Care Aide",
    certifications: "Certified Medication Aide, CNA License, BLS",
  }),
  row("Home Health Aide", "31-1121", [15, 20], {
    aliases: "hha, certified home health aide, home care aide, home health assistant, hospice aide",
    adjacent: "Personal Care Aide",
    certifications: "Home Health Aide Certificate, CPR/First Aid, TB Test",
  }),
  row("Personal Care Aide", "31-1122", [14.5, 19], {
    aliases:
      "caregiver, personal care assistant, personal attendant, elder care aide, companion, home care worker, direct support professional, resident assistant",
    adjacent: "Home Health Aide",
    certifications: "CPR/First Aid, TB Test",
  }),
  row("Patient Transporter", "31-1132", [15, 19.5], {
    aliases:
      "orderly, hospital orderly, patient escort, transport aide, hospital transporter, patient care attendant",
    adjacent: "Personal Care Aide, Janitor",
    certifications: "BLS, TB Test",
  }),
  row("Licensed Practical Nurse", "29-2061", [25, 34], {
    aliases: "lpn, lvn, licensed vocational nurse, practical nurse, lpn/lvn",
    adjacent: "Certified Nursing Assistant, Medication Aide, Medical Assistant",
    certifications: "LPN License, BLS, TB Test",
  }),
  row("Registered Nurse", "29-1141", [36, 52], {
    aliases: "rn, staff nurse, charge nurse, travel nurse, school nurse, camp nurse, hospital nurse",
    adjacent: "Licensed Practical Nurse",
    certifications: "RN License, BLS, ACLS",
  }),
  row("Medical Assistant", "31-9092", [18, 24.5], {
    aliases:
      "clinical assistant, certified medical assistant, clinic assistant, medical office assistant, clinical medical assistant",
    adjacent: "Phlebotomist, Patient Transporter",
    certifications: "Certified Medical Assistant, BLS",
  }),
  row("Phlebotomist", "31-9097", [17.5, 23.5], {
    aliases:
      "phlebotomy technician, blood collector, mobile phlebotomist, plasma center technician, lab phlebotomist",
    adjacent: "Medical Assistant, Patient Transporter",
    certifications: "Certified Phlebotomy Technician, BLS",
  }),
  row("Pharmacy Technician", "29-2052", [17.5, 24], {
    aliases: "pharmacy tech, certified pharmacy technician, pharmacy assistant, hospital pharmacy technician",
    adjacent: "Cashier",
    certifications: "Certified Pharmacy Technician",
  }),
];

export const PERSONAL_CARE: readonly RoleRow[] = [
  row("Childcare Worker", "39-9011", [14, 18.5], {
    aliases:
      "child care worker, daycare worker, daycare assistant, childcare provider, child care attendant, nursery attendant, preschool aide",
    adjacent: "Nanny, Recreation Worker",
    certifications: "CPR/First Aid",
  }),
  row("Nanny", "39-9011", [16, 24], {
    aliases: "babysitter, au pair, live-in nanny, child monitor, mother's helper, governess",
    adjacent: "Childcare Worker",
    certifications: "CPR/First Aid",
  }),
];

export const OFFICE: readonly RoleRow[] = [
  row("Office Clerk", "43-9061", [16, 21], {
    aliases:
      "general office clerk, clerical assistant, office assistant, clerical worker, office helper, general clerk, file clerk, mail clerk",
    adjacent: "Data Entry Clerk, Receptionist",
  }),
  row("Receptionist", "43-4171", [15.5, 20], {
    aliases:
      "front office receptionist, office receptionist, switchboard operator, information clerk, lobby receptionist, medical receptionist",
    adjacent: "Office Clerk, Customer Service Representative, Front Desk Agent",
  }),
  row("Administrative Assistant", "43-6014", [19, 27], {
    aliases:
      "admin assistant, secretary, administrative secretary, office administrator, administrative coordinator, admin",
    adjacent: "Office Clerk, Receptionist, Data Entry Clerk",
  }),
  row("Data Entry Clerk", "43-9021", [16, 21], {
    aliases:
      "data entry operator, data entry specialist, data entry keyer, data entry, data clerk, data typist",
    adjacent: "Office Clerk",
  }),
  row("Customer Service Representative", "43-4051", [16.5, 22.5], {
    aliases:
      "customer service rep, call center agent, call center representative, csr, customer support representative, customer care representative, customer service agent",
    adjacent: "Receptionist, Office Clerk, Data Entry Clerk",
  }),
  row("Accounting Clerk", "43-3031", [19, 27], {
    aliases:
      "bookkeeper, accounts payable clerk, accounts receivable clerk, bookkeeping clerk, billing clerk, accounting assistant, payroll clerk",
    adjacent: "Data Entry Clerk, Office Clerk",
  }),
];

export const SECURITY: readonly RoleRow[] = [
  row("Security Guard", "33-9032", [15.5, 21.5], {
    aliases:
      "security officer, unarmed security guard, unarmed guard, security patrol, watchman, gate guard, night guard, armed security guard, loss prevention officer",
    adjacent: "Event Security Guard, Flagger",
    certifications: "Guard Card, CPR/First Aid",
  }),
  row("Event Security Guard", "33-9032", [16, 22], {
    aliases:
      "bouncer, event security, crowd controller, crowd control guard, door supervisor, crowd management worker",
    adjacent: "Security Guard, Usher",
    certifications: "Guard Card, CPR/First Aid",
  }),
];

export const RETAIL: readonly RoleRow[] = [
  row("Cashier", "41-2011", [13.5, 17.5], {
    aliases:
      "store cashier, checker cashier, front end cashier, checkout clerk, ticket seller, retail cashier, register operator",
    adjacent: "Retail Sales Associate, Grocery Bagger, Food Counter Attendant",
  }),
  row("Retail Sales Associate", "41-2031", [14, 19], {
    aliases:
      "retail salesperson, sales associate, jewelry salesperson, salesperson, sales clerk, store associate, store clerk, retail associate, sales floor associate",
    adjacent: "Cashier, Stocker, Merchandiser, Brand Ambassador",
  }),
  row("Merchandiser", "27-1026", [15.5, 21], {
    aliases:
      "retail merchandiser, visual merchandiser, store merchandiser, display merchandiser, reset merchandiser, window trimmer, christmas decor installer",
    adjacent: "Stocker, Retail Sales Associate",
  }),
  row("Grocery Bagger", "53-7064", [12.5, 16], {
    aliases: "bagger, courtesy clerk, grocery clerk, grocery packer, cart retriever",
    adjacent: "Cashier, Stocker",
  }),
  row("Rental Clerk", "41-2021", [14.5, 19], {
    aliases:
      "counter and rental clerk, rental agent, equipment rental clerk, ski rental technician, rental shop attendant, car rental agent",
    adjacent: "Cashier, Retail Sales Associate, Recreation Attendant",
  }),
  row("Street Vendor", "41-9091", [13, 18], {
    aliases:
      "peddler, hawker, stadium vendor, food cart vendor, door to door salesperson, kiosk vendor, ice cream vendor",
    adjacent: "Cashier, Food Counter Attendant, Brand Ambassador",
  }),
  row("Floral Designer", "27-1023", [15, 21], {
    aliases: "florist, flower arranger, floral arranger, floral assistant, flower shop worker",
    adjacent: "Retail Sales Associate, Nursery Worker",
  }),
];
