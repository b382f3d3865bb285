// Asks for the API key, where the house has keys.

import { type ReactNode, useState } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { keepKey, keyWanted } from "../wire/access-key.ts";

export function KeyForm({ refused }: { readonly refused: boolean }): ReactNode {
  const [key, setKey] = useState("");
  return (
    <Dialog title="This house asks for a key" onClose={() => keyWanted.set("no")}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== "") keepKey(key);
        }}
      >
        <p>
          {refused
            ? "That key is not known here. Ask whoever runs the house for yours."
            : "It is kept in this tab until you close it, and sent with each request."}
        </p>
        <label>
          API key
          <input
            type="password"
            autoComplete="off"
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </label>
        <button type="submit" className="primary">
          Use the key
        </button>
      </form>
    </Dialog>
  );
}
