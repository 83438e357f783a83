"""FHIR: one person's session, as other systems read it."""
