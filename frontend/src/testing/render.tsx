/** Renders a component as the app would: theme around it, and a cache that the test has filled. */
import type { ApolloCache } from "@apollo/client";
import { ApolloClient, ApolloLink } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { MantineProvider } from "@mantine/core";
import { render, type RenderResult } from "@testing-library/react";
import type { ReactNode } from "react";
import { createCache } from "@/apollo/cache";
import { theme } from "@/lib/theme";

export function renderInApp(
  element: ReactNode,
  { cache = createCache(), link = ApolloLink.empty() }: { cache?: ApolloCache; link?: ApolloLink } = {},
): RenderResult & { client: ApolloClient } {
  const client = new ApolloClient({ cache, link, dataMasking: true });
  const result = render(
    <ApolloProvider client={client}>
      <MantineProvider theme={theme} env="test">
        {element}
      </MantineProvider>
    </ApolloProvider>,
  );
  return { ...result, client };
}
