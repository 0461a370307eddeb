/** The theme: warm neutral greys. Colour is reserved for the status of a task. */
import { createTheme, defaultVariantColorsResolver, type MantineColorsTuple } from "@mantine/core";

const gray: MantineColorsTuple = [
  "#faf9f7", "#f4f2ee", "#eae7e1", "#dcd8d0", "#c4bfb5", "#99938a", "#6b665e", "#57534c", "#403d37", "#262420",
]; // prettier-ignore
const dark: MantineColorsTuple = [
  "#ebe8e2", "#cbc7bf", "#a5a097", "#827d75", "#47443f", "#35332f", "#282623", "#191816", "#131211", "#0c0b0a",
]; // prettier-ignore
const ink: MantineColorsTuple = [
  "#f3f1ec", "#e6e3dc", "#cfcbc3", "#b3aea5", "#8f8a81", "#6b665e", "#57534c", "#403d37", "#2f2c28", "#1f1d1a",
]; // prettier-ignore
const amber: MantineColorsTuple = [
  "#fff7e6", "#feecc7", "#fdd98a", "#fbc34f", "#f3ab23", "#dd8f0c", "#b06a06", "#8c510b", "#6f400f", "#553210",
]; // prettier-ignore
const azure: MantineColorsTuple = [
  "#edf5ff", "#d6e8ff", "#aed0ff", "#7db3ff", "#4f94fb", "#2f78ee", "#1f61d3", "#1b4fab", "#1b4386", "#1a386b",
]; // prettier-ignore
const jade: MantineColorsTuple = [
  "#e9f9f0", "#ccf1dd", "#9be3bf", "#62cf9b", "#35b67b", "#1d9a63", "#147d50", "#116341", "#104f36", "#0d402d",
]; // prettier-ignore
const rose: MantineColorsTuple = [
  "#fff0f0", "#ffdddd", "#ffbdbe", "#ff9094", "#f8626a", "#e63f4b", "#c92a3a", "#a5202f", "#851d2b", "#6c1b27",
]; // prettier-ignore

const PRIMARY = "ink";
const SANS = '"Geist Variable", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export const theme = createTheme({
  primaryColor: PRIMARY,
  primaryShade: { light: 9, dark: 0 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  colors: { gray, dark, ink, amber, azure, jade, rose, stone: gray },
  black: "#1f1d1a",
  defaultRadius: "md",
  radius: { xs: "3px", sm: "5px", md: "8px", lg: "12px", xl: "20px" },
  fontFamily: SANS,
  fontFamilyMonospace: '"Geist Mono Variable", ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  headings: { fontFamily: SANS, fontWeight: "600" },
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
  variantColorResolver: (input) => ({
    ...defaultVariantColorsResolver(input),
    // Mantine knows a filled button's contrast for one scheme only; this variable follows both.
    ...(input.variant === "filled" &&
      (input.color ?? PRIMARY) === PRIMARY && { color: "var(--mantine-primary-color-contrast)" }),
  }),
  components: {
    // Mantine gives these no name: they are what closes a toast or a dialog, and what empties a field.
    CloseButton: { defaultProps: { "aria-label": "Close" } },
    InputClearButton: { defaultProps: { "aria-label": "Clear" } },
    // Mounted while closed, each dropdown would force a layout before the first paint.
    Combobox: { defaultProps: { keepMounted: false } },
    // Its placeholder for the focus is a child that a menu must not have; without it the focus goes to the first item.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, fz: "xs" } },
    Kbd: { defaultProps: { size: "xs" } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35, blur: 2 } } },
  },
});
