// The corpus over the sample's workers that most tests and benches search: one definition, so that they search the same.

export const PEOPLE_CORPUS = {
  dataset: "workers",
  id: "worker_id",
  text: "{role} in {city}, {state}; {certifications}",
  fields: {
    name: "text",
    role: "keyword",
    city: "keyword",
    state: "keyword",
    status: "keyword",
    location: "geo",
  },
};
