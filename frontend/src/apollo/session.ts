/** Who is at the dashboard: opens the API with a token, or without, and asks for one when the API takes it no longer. */
import type { Access } from "@/lib/access";
import { forgetDraft } from "@/lib/draft";
import type { Why } from "@/lib/signIn";
import { forgetToken, keepToken, recallToken } from "@/lib/token";

/** What was opened with one token. */
export interface Opened {
  /** Resolves to why the API does not let the token in, or to null when it does. */
  readonly check: () => Promise<string | null>;
  readonly close: () => void;
}

export type SessionState<Api> =
  { readonly api: Api; readonly why?: never } | { readonly api?: never; readonly why: Why };

export class Session<Api extends Opened> {
  private readonly listeners = new Set<() => void>();
  private state: SessionState<Api>;

  /** Begins with the token that this tab keeps, or without one. */
  constructor(private readonly open: (access: Access) => Api) {
    this.state = { api: this.openWith(recallToken()) };
  }

  readonly get = (): SessionState<Api> => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Resolves to why the API does not take the token, or to null. With `isKept` a reload of this tab needs no sign-in. */
  readonly signIn = async (token: string, isKept: boolean): Promise<string | null> => {
    const api = this.openWith(token);
    const refusal = await api.check();
    if (refusal !== null) {
      api.close();
      return refusal;
    }
    if (isKept) keepToken(token);
    this.set({ api });
    return null;
  };

  readonly signOut = (): void => {
    forgetDraft();
    this.leave("left");
  };

  private openWith(token: string | null): Api {
    const api: Api = this.open({
      token,
      onRefused: () => {
        if (this.state.api === api) this.leave(token === null ? "needed" : "withdrawn");
      },
    });
    return api;
  }

  private leave(why: Why): void {
    const { api } = this.state;
    forgetToken();
    this.set({ why });
    api?.close();
  }

  private set(state: SessionState<Api>): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
