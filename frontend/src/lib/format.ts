/** Numbers, durations and instants as people read them. Pure: `now` is passed in. */
import type { TimeStyle } from "./preferences";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const grouped = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const formatCount = (count: number): string => grouped.format(count);

/** Whole up to five digits; beyond that 1.2M. */
export const formatCompact = (count: number): string =>
  count < 100_000 ? grouped.format(count) : compact.format(count);

const UNITS = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** 740 bytes, 1.2 MB, 48 GB: in powers of 1,000. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const amount = bytes / 1_000 ** power;
  return `${amount.toFixed(power > 0 && amount < 10 ? 1 : 0)} ${UNITS[power] ?? ""}`;
}

/** A share as 0.4 %, 2.3 %, 40 %. */
export const formatRate = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 740 ms, 2.5 s, 1 m 05 s, 3 h 12 m, 2 d 4 h; never negative. */
export function formatDuration(ms: number): string {
  const span = Math.max(0, ms);
  if (span === 0) return "0 s";
  if (span < SECOND) return `${Math.round(span)} ms`;
  if (span < 10 * SECOND) return `${(Math.floor(span / 100) / 10).toFixed(1)} s`;
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return `${Math.floor(span / MINUTE)} m ${pad(Math.floor((span % MINUTE) / SECOND))} s`;
  if (span < DAY) return `${Math.floor(span / HOUR)} h ${pad(Math.floor((span % HOUR) / MINUTE))} m`;
  return `${Math.floor(span / DAY)} d ${Math.floor((span % DAY) / HOUR)} h`;
}

/** A duration that goes on, in whole seconds, as it is updated each second. */
export const formatElapsed = (ms: number): string =>
  ms < MINUTE ? `${Math.floor(Math.max(0, ms) / SECOND)} s` : formatDuration(ms);

/** The exact duration of what has ended; of what goes on, whole seconds, as every ticking clock shows. */
export const formatSpan = ({ from, to, isOpen }: { from: number; to: number; isOpen: boolean }): string =>
  isOpen ? formatElapsed(to - from) : formatDuration(to - from);

const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

/** "just now", "12 s ago", "in 5 min", "3 d ago". */
export function formatRelative(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 2 * SECOND) return "just now";
  const amount =
    distance < MINUTE
      ? `${Math.floor(distance / SECOND)} s`
      : distance < HOUR
        ? `${Math.floor(distance / MINUTE)} min`
        : distance < DAY
          ? `${Math.floor(distance / HOUR)} h`
          : `${Math.floor(distance / DAY)} d`;
  return at > now ? `in ${amount}` : `${amount} ago`;
}

/** 2026-03-01 09:00:00, in UTC or where the reader is; with milliseconds when `exact`. */
export function formatInstant(iso: string, zone: "utc" | "local", exact = false): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const shifted = zone === "utc" ? at : new Date(at.getTime() - at.getTimezoneOffset() * MINUTE);
  const text = shifted.toISOString().replace("T", " ");
  return exact ? text.slice(0, 23) + (zone === "utc" ? " UTC" : "") : text.slice(0, 19);
}

export function formatTime(iso: string, style: TimeStyle, now: number): string {
  return style === "relative" ? formatRelative(Date.parse(iso), now) : formatInstant(iso, style);
}

/** The short form of an id, its end: UUIDv7s begin alike and end at random. */
export const shortId = (id: string): string => id.slice(-8);
