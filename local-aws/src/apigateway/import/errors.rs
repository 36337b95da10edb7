//! What an import found wrong, in the words of the service.

use crate::AwsError;

/// Errors and warnings so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    malformed: Option<String>,
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    /// Something that the service does not even read: it is all that the refusal says.
    pub(super) fn malformed(&mut self, text: String) {
        self.malformed.get_or_insert(text);
    }

    /// Something that makes the import fail.
    pub(super) fn error(&mut self, text: String) {
        self.errors.push(text);
    }

    /// Something that was left out.
    pub(super) fn warning(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// The warnings, or the refusal when there were errors.
    pub(super) fn into_warnings(self) -> Result<Vec<String>, AwsError> {
        if let Some(text) = self.malformed {
            return Err(AwsError::bad_request("BadRequestException", text));
        }
        if self.errors.is_empty() {
            return Ok(self.warnings);
        }
        let mut text = format!(
            "Errors found during import:\n\t{}",
            self.errors.join("\n\t")
        );
        if !self.warnings.is_empty() {
            text = format!(
                "{text}\nAdditionally, these warnings were found:\n\t{}",
                self.warnings.join("\n\t")
            );
        }
        Err(AwsError::bad_request("BadRequestException", text))
    }
}

/// The refusal of an import with warnings under `failonwarnings`.
pub fn warnings_refusal(warnings: &[String]) -> AwsError {
    AwsError::bad_request(
        "BadRequestException",
        format!("Warnings found during import:\n\t{}", warnings.join("\n\t")),
    )
}
