// The console's entry: the shell and, in it, the view that the URL names.

import { createRoot } from "react-dom/client";
import { followLinks } from "./shell/router.ts";
import { Shell } from "./shell/shell.tsx";
import { applyTheme } from "./shell/theme.ts";

applyTheme();
followLinks();
const place = document.querySelector("#console");
if (place !== null) createRoot(place).render(<Shell />);
