/** Renders a component with the theme of the app, and a cache that the test has filled, for a reader with that role. */
import type { ApolloCache } from "@apollo/client";
import { ApolloClient, ApolloLink } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { MantineProvider } from "@mantine/core";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { createCache } from "@/apollo/cache";
import { type Role, ViewerDocument } from "@/generated/graphql";
import { type Live, LiveContext } from "@/hooks/live";
import { theme } from "@/lib/theme";
import { makeLive } from "./live";

interface Options {
  readonly cache?: ApolloCache;
  readonly link?: ApolloLink;
  readonly role?: Role;
}

export function renderInApp(
  element: ReactNode,
  { cache = createCache(), link = ApolloLink.empty(), role = "ADMIN" }: Options = {},
): RenderResult & { client: ApolloClient; live: Live } {
  const viewer = { __typename: "Viewer" as const, name: "ann", role };
  cache.writeQuery({ query: ViewerDocument, data: { viewer } });
  const client = new ApolloClient({ cache, link, dataMasking: true });
  const live = makeLive(client);
  const result = render(
    <ApolloProvider client={client}>
      <MantineProvider theme={theme} env="test">
        <LiveContext value={live}>{element}</LiveContext>
      </MantineProvider>
    </ApolloProvider>,
  );
  return { ...result, client, live };
}
