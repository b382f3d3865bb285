// chatd with the providers that the settings name; each adapter is loaded when it is configured.

import { join } from "node:path";
import type { ChatProvider } from "#adapters/chat/chat-model";
import { scriptedProvider } from "#adapters/chat/scripted";
import { sqliteState } from "#adapters/state";
import type { Settings } from "#config";
import { readPrices } from "#services/chatd/budgets/prices";
import { chatd } from "#services/chatd/service";
import type { BuildDaemon } from "./part.ts";

export const buildChatd: BuildDaemon<"chatd", "catalogd"> = async ({ settings, neighbours, log }) =>
  chatd({
    providers: await chatProviders(settings),
    defaultModel: settings.chat_model === "" ? undefined : settings.chat_model,
    state: sqliteState(join(settings.data, "chat.sqlite")),
    prices: readPrices(),
    catalog: neighbours.catalogd,
    log,
  });

/** The providers that the settings name; throws Fault `invalid` when they cannot be had. Asks none of them. */
export async function chatProviders(settings: Settings): Promise<ChatProvider[]> {
  return [scriptedProvider(settings.chat_script)];
}
