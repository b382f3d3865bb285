export const ACTOR_ARG = {
  actor: { type: "string", valueHint: "NAME", description: "Who does it; the API key unless given" },
} as const;

export function actorOf({ actor }: { actor?: string | undefined }): { actor?: string } {
  return actor === undefined ? {} : { actor };
}
