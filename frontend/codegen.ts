/** Types and documents from the schema's committed print and the .graphql files beside the components. */
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../graph/schema/schema.graphql",
  documents: "src/**/*.graphql",
  generates: {
    "src/generated/graphql.ts": {
      plugins: [
        { add: { content: "/* Written by `npm run codegen`. */" } },
        "typescript-operations",
        "typed-document-node",
      ],
      config: {
        scalars: { ID: "string", DateTime: "string", JSON: "unknown" },
        namingConvention: "keep",
        enumType: "string-literal",
        useTypeImports: true,
        immutableTypes: true,
        nonOptionalTypename: true,
        skipTypeNameForRoot: true,
        inlineFragmentTypes: "mask",
        customDirectives: { apolloUnmask: true },
        avoidOptionals: { field: true, inputValue: false },
        dedupeFragments: true,
      },
    },
  },
};

export default config;
