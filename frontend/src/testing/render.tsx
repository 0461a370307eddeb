/** Renders a component with the theme of the app, and a cache that the test has filled. */
import type { ApolloCache } from "@apollo/client";
import { ApolloClient, ApolloLink } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { MantineProvider } from "@mantine/core";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { createCache } from "@/apollo/cache";
import { type Live, LiveContext } from "@/hooks/live";
import { theme } from "@/lib/theme";
import { makeLive } from "./live";

export function renderInApp(
  element: ReactNode,
  { cache = createCache(), link = ApolloLink.empty() }: { cache?: ApolloCache; link?: ApolloLink } = {},
): RenderResult & { client: ApolloClient; live: Live } {
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
