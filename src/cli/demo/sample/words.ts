// The words of a sample: names of people and clients, shifts, notes. The people's names are ordinary names from many languages, first and last
// drawn independently, so that a match with a real person is chance; the clients' are made of words that no firm owns.

const listed = (text: string): readonly string[] => text.trim().split(/,\s+/);

export const FIRST_NAMES = listed(`
Aaliyah, Aaron, Abdi, Abena, Abigail, Adaeze, Adriana, Agnieszka, Ahmed, Aiko, Aisha, Alejandro, Alexei, Alicia, Amara,
Amina, Amir, Amy, Ana, Anders, Andre, Andrea, Angela, Anh, Anika, Anthony, Antonio, Anya, Aroha, Arjun, Ashley, Astrid,
Ayesha, Bao, Beatriz, Benjamin, Bianca, Binh, Brandon, Brenda, Brian, Bridget, Camila, Carlos, Carmen, Caroline, Cedric,
Chantal, Charles, Chen, Chidi, Chinedu, Chloe, Christina, Ciara, Claudia, Cristian, Cynthia, Daniel, Danielle, Darius,
David, Dawit, Deborah, Deepa, Denise, Derek, Desta, Diana, Diego, Dimitri, Dolores, Dominique, Duc, Eduardo, Elena, Eleni,
Elijah, Emeka, Emily, Emmanuel, Enrique, Eric, Esperanza, Esther, Ewa, Fatima, Feng, Fernando, Fiona, Francisco, Gabriela,
George, Giorgos, Giulia, Grace, Gregory, Guadalupe, Gustavo, Habib, Haley, Hana, Hassan, Hector, Helen, Hiroshi, Hoa,
Ibrahim, Imani, Ines, Irina, Isaac, Isabel, Ivan, Jacob, Jacqueline, Jamal, James, Jasmine, Javier, Jean, Jennifer, Jessica,
Jin, Joanna, Joel, John, Jorge, José, Joseph, Joy, Juan, Julia, Kalani, Kamala, Karen, Katarzyna, Keisha, Kenji, Kevin, Khadija,
Kofi, Kwame, Lakshmi, Lamar, Latoya, Laura, Leilani, Leon, Lien, Linda, Ling, Lucia, Luis, Lupe, Magdalena, Mai, Malik,
Marcus, Maria, Mariam, Marisol, Mark, Martha, Mateo, Matthew, Mei, Melissa, Michael, Miguel, Min, Miriam, Mohammed, Monica,
Nadia, Naomi, Natasha, Nathan, Neha, Ngozi, Nicole, Nikolai, Noor, Olga, Oluwaseun, Omar, Oscar, Pablo, Pamela, Patrick,
Paul, Pedro, Phuong, Priya, Rachel, Rafael, Rahul, Raymond, Rebecca, Renée, Ricardo, Robert, Rosa, Ruth, Samir, Samuel,
Sandra, Sanjay, Santiago, Sarah, Selam, Sergio, Shanice, Sofia, Soo-jin, Stephanie, Steven, Sunita, Tamika, Tanisha, Tariq,
Teresa, Thanh, Theresa, Thomas, Tomasz, Tuan, Tyrone, Valeria, Vanessa, Victor, Vijay, Wei, Wendy, William, Ximena, Yara,
Yolanda, Youssef, Yuki, Yusuf, Zainab, Zoë`);

export const LAST_NAMES = listed(`
Abdi, Abebe, Acosta, Adams, Adebayo, Aguilar, Ahmed, Ali, Allen, Alvarez, Amoah, Andersen, Anderson, Antonelli, Appiah,
Arellano, Asante, Ayala, Bah, Bailey, Baker, Banda, Barnes, Barrera, Bautista, Begay, Bello, Beltran, Benally, Benítez, Bennett,
Bergström, Bianchi, Blackwell, Boateng, Bondarenko, Boyd, Brady, Brooks, Brown, Bryant, Bui, Butler, Caldwell, Calloway,
Campbell, Cárdenas, Carter, Castillo, Castro, Cervantes, Chan, Chaudhry, Chavez, Chen, Cho, Choi, Chowdhury, Clark, Cohen,
Coleman, Collins, Contreras, Cook, Cooper, Cortez, Costa, Cruz, Cunningham, Dang, Daniels, Das, Davis, Dela Cruz, Delgado,
Desai, Diallo, Diaz, Dinh, Dixon, Do, Dominguez, Dubois, Duong, Duran, Edwards, Ellis, Eriksen, Escobar, Espinoza, Esposito,
Estrada, Evans, Farah, Farooq, Fernandes, Ferrari, Fields, Figueroa, Fischer, Fitzgerald, Flores, Foster, Franco, Freeman,
Fuentes, Gallagher, Gallegos, Garcia, Garza, Gebre, Gibson, Gill, Gomes, Gomez, Gonzales, Gordon, Graham, Grant, Greene,
Griffin, Guerrero, Gupta, Gutierrez, Guzman, Haddad, Hall, Hamilton, Hansen, Harris, Hassan, Hayes, Henderson, Hernandez,
Herrera, Hill, Hoang, Hoffman, Howard, Huang, Hughes, Hussein, Huynh, Ibrahim, Iyer, Jackson, Jacobs, James, Jansen, Jaramillo,
Jenkins, Jimenez, Johansson, Johnson, Jones, Joseph, Juarez, Kamau, Kang, Kaplan, Kapoor, Kaur, Kelly, Kennedy, Khalil, Khan,
Kim, King, Kipchoge, Klein, Kowalski, Kumar, Kuznetsov, Lam, Larsen, Le, Lee, Lewis, Li, Lim, Lin, Liu, Long, Lopez, Lozano,
Luna, Luong, Ma, MacDonald, Maldonado, Mangum, Martin, Martinez, Mason, Mbeki, McCarthy, McDaniel, Medina, Mehta, Mejia,
Mendoza, Mensah, Meyer, Miller, Mitchell, Mohamed, Molina, Montoya, Moore, Morales, Moreau, Morgan, Moyo, Müller, Muñoz, Murphy,
Murray, Mwangi, Naidoo, Nakamura, Navarro, Ndiaye, Nelson, Ng, Nguyen, Nielsen, Novak, Núñez, Nwosu, O'Brien, O'Connor, Ochoa,
Odom, Okafor, Okonkwo, Olsen, Ortega, Ortiz, Osei, Owens, Pacheco, Pak, Palmer, Papadopoulos, Park, Parker, Patel, Patterson,
Pereira, Perez, Petrov, Pham, Phan, Phillips, Pierre, Popescu, Porter, Powell, Price, Quinn, Rahman, Ramirez, Ramos, Rao, Reddy,
Reed, Reyes, Reynolds, Richardson, Rios, Rivera, Roberts, Robinson, Rodriguez, Rojas, Romano, Romero, Rossi, Ruiz, Russell,
Saito, Salazar, Sanchez, Sanders, Santana, Santos, Sato, Schmidt, Schneider, Scott, Sesay, Shah, Sharma, Silva, Simmons, Singh,
Smith, Solís, Soto, Sousa, Stewart, Sullivan, Suzuki, Tanaka, Taylor, Tesfaye, Thao, Thomas, Thompson, Torres, Tran, Traoré,
Tsosie, Turner, Valdez, Van Dyke, Vang, Vargas, Vasquez, Vega, Villanueva, Vo, Volkov, Vu, Walker, Wallace, Wang, Ward,
Washington, Watanabe, Watson, White, Williams, Wilson, Wong, Wood, Wright, Wu, Xiong, Yamamoto, Yang, Yilmaz, Young, Zamora,
Zapata, Zhang, Zhao`);

export const CLIENT_PLACES = listed(`
Amber Creek, Ash Grove, Bluestem, Brass Lantern, Cedar Fork, Clearbrook, Copper Hollow, Cottonwood, Crane Point, Driftwood,
Eastgate, Elm Street, Evergreen, Fairhaven, Flint Ridge, Foxglove, Granite Bay, Harbor Light, Harvest Moon, Heron Lake, Highline,
Ironwood, Juniper, Keystone Hill, Lakeshore, Larkspur, Long Meadow, Maple Court, Mesa Verde Road, Millrace, North Star, Oak Hollow,
Old Mill, Pinecrest, Prairie View, Quail Run, Red Barn, Riverbend, Sable Point, Sandstone, Silver Birch, South Fork, Stonebridge,
Summit Park, Sunflower, Tall Pines, Three Rivers, Twin Oaks, Valley Gate, White Willow, Wild Rose, Windmill`);

/** The second word of the names of a family's clients, after a place; families not listed use `OTHER_TRADES`. */
export const CLIENT_TRADES: Readonly<Record<string, readonly string[]>> = {
  warehouse: ["Distribution", "Logistics", "Fulfillment Center", "Cold Storage", "Supply, Inc."],
  driving: ["Freight", "Transit", "Delivery Co."],
  manufacturing: ["Manufacturing", "Fabrication", "Plastics", "Precision Works", "Components, LLC"],
  "food processing": ["Foods", "Seafood Co.", "Packing House", "Bakeries"],
  hospitality: ["Hotel & Suites", "Resort", "Inn", "Lodge"],
  "food service": ["Kitchen", "Catering", "Grill", "Dining Hall", "Bistro"],
  cleaning: ["Facility Services", "Property Care"],
  events: ["Events", "Convention Hall", "Amphitheater"],
  landscaping: ["Landscaping", "Lawn & Garden", "Golf Club", "Grounds Care"],
  agriculture: ["Farms", "Nursery", "Stables", "Timber Co."],
  amusement: ["Family Park", "Ski Area", "Recreation District", "Carnival Co."],
  construction: ["Builders", "Contracting", "Concrete", "Roofing, LLC"],
  "skilled trades": ["Mechanical", "Electric Co.", "Maintenance Group"],
  healthcare: ["Care Center", "Senior Living", "Medical Group", "Rehabilitation"],
};

export const OTHER_TRADES: readonly string[] = ["Partners", "Services", "Group, Inc."];

/** Local times of a family's shifts, "from-to"; families not listed use `DAY_SHIFTS`. */
export const FAMILY_SHIFTS: Readonly<Record<string, readonly string[]>> = {
  warehouse: ["06:00-14:00", "14:00-22:00", "22:00-06:00", "07:00-15:30"],
  manufacturing: ["06:00-14:00", "14:00-22:00", "22:00-06:00"],
  "food processing": ["05:00-13:00", "06:00-14:00", "14:00-22:00"],
  hospitality: ["08:00-16:00", "07:00-15:30", "15:00-23:00"],
  "food service": ["06:00-14:00", "10:00-18:00", "15:00-23:00"],
  cleaning: ["18:00-02:00", "06:00-14:00", "22:00-06:00"],
  events: ["10:00-18:00", "16:00-00:00"],
  amusement: ["09:00-17:00", "12:00-20:00"],
  healthcare: ["07:00-15:00", "15:00-23:00", "07:00-19:00", "19:00-07:00"],
  office: ["08:00-17:00", "09:00-17:00"],
  retail: ["09:00-17:00", "13:00-21:00"],
  security: ["06:00-14:00", "14:00-22:00", "22:00-06:00"],
};

export const DAY_SHIFTS: readonly string[] = ["07:00-15:30", "08:00-16:30", "06:00-14:00"];

/** Commas, quotes and semicolons are here on purpose: a sample without them does not exercise the parser. */
export const ANY_NOTES: readonly string[] = [
  "Park in the back lot, sign in at the front desk.",
  "Lunch is provided; bring water.",
  "First-time site; a coordinator walks the crew in.",
  'Ask for "Sam" at the gate, the bell is broken.',
  "Bus line stops at the gate, last bus 23:10.",
];

const HARD_HAT_NOTES = [
  "Steel-toe boots and a high-visibility vest.",
  "Lifting up to 50 lb, standing all day.",
];
const KITCHEN_NOTES = ["Non-slip shoes, black trousers, hair tied back.", "Staff meal before the shift."];

/** Notes that only clients of a family have. */
export const FAMILY_NOTES: Readonly<Record<string, readonly string[]>> = {
  warehouse: [...HARD_HAT_NOTES, 'Ask for the shift lead at "Dock 4".'],
  manufacturing: [...HARD_HAT_NOTES, "The site trains on its own machines, one hour before the first shift."],
  construction: [...HARD_HAT_NOTES, "Tools are on site; gloves are not."],
  "food service": KITCHEN_NOTES,
  "food processing": [...KITCHEN_NOTES, "The floor is kept at 40 F, dress in layers."],
  hospitality: ["Uniform is handed out on arrival.", "Sold-out weekend, some rooms turn late."],
  landscaping: [
    "Crew truck leaves the yard ten minutes before the shift.",
    "Rain date is the next working day.",
  ],
  healthcare: ["Scrubs, any solid color; badge at the nurses' station.", "Flu shot or mask required."],
};
