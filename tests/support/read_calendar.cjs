// Reads an iCalendar file as Thunderbird does (ical.js) and tells its events as JSON: a reader that shares nothing with ours.
const { readFileSync } = require("node:fs");
const ICAL = require("../../webclient/node_modules/ical.js/dist/ical.es5.cjs");

const file = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of file.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);

const events = file.getAllSubcomponents("vevent").map((component) => {
  const event = new ICAL.Event(component);
  return {
    uid: event.uid,
    summary: event.summary,
    description: event.description,
    location: event.location,
    starts: event.startDate.toUnixTime(),
    ends: event.endDate.toUnixTime(),
    local: event.startDate.toString(),
    zone: event.startDate.zone.tzid,
    sequence: event.sequence,
    status: component.getFirstPropertyValue("status"),
    url: component.getFirstPropertyValue("url"),
    busy: component.getFirstPropertyValue("transp") === "OPAQUE",
    attendees: event.attendees.length,
  };
});
process.stdout.write(
  JSON.stringify({
    events,
    method: file.getFirstPropertyValue("method"),
    refresh: file.getFirstPropertyValue("refresh-interval")?.toString() ?? null,
    zones: file.getAllSubcomponents("vtimezone").map((zone) => zone.getFirstPropertyValue("tzid")),
  }),
);
