/** The URLs of the dashboard and the API: from config.js, which the server writes; else as built; else this origin. */

interface RuntimeConfig {
  readonly apiBase?: string;
  readonly wsUrl?: string;
  /** The prefix under which the dashboard is served, as "/jobs"; empty where that is the whole origin. */
  readonly basePath?: string;
}

declare global {
  interface Window {
    TASKFLOW_CONFIG?: RuntimeConfig;
  }
}

export interface Endpoints {
  readonly http: string;
  readonly ws: string;
}

export const basePath: string = window.TASKFLOW_CONFIG?.basePath ?? "";

/** The address of one of the server's paths, for the browser itself; the router adds the prefix by itself. */
export const hrefOf = (path: `/${string}`): string => basePath + path;

/** `wsUrl` may be given in the form that ends in /ws; GraphQL's own socket is beside it at /graphql. */
export function endpoints(config: RuntimeConfig, origin: string): Endpoints {
  const base = (config.apiBase ?? "").replace(/\/+$/, "") || origin + (config.basePath ?? "");
  const http = new URL(`${base}/graphql`, origin);
  const ws = new URL(config.wsUrl?.replace(/\/ws\/?$/, "/graphql") || http, origin);
  ws.protocol = ws.protocol.replace("http", "ws");
  return { http: http.href, ws: ws.href };
}

const built: RuntimeConfig = {
  apiBase: (import.meta.env["REACT_APP_API_BASE"] as string | undefined) ?? "",
  wsUrl: (import.meta.env["REACT_APP_WS_URL"] as string | undefined) ?? "",
};

export function currentEndpoints(): Endpoints {
  const runtime = window.TASKFLOW_CONFIG ?? {};
  return endpoints(
    { apiBase: runtime.apiBase || built.apiBase || "", wsUrl: runtime.wsUrl || built.wsUrl || "", basePath },
    window.location.origin,
  );
}
