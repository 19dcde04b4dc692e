using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Ssm.Commands;

namespace Kiln.Service.Ssm.Documents;

/// <summary>AWS-RunShellScript, the document that Kiln has: Amazon's, the same everywhere, in version 1.</summary>
public static class RunShellScript
{
    /// <summary>Its owner.</summary>
    public const string Owner = "Amazon";

    /// <summary>Its only version.</summary>
    public const string DocumentVersion = "1";

    /// <summary>What it is for.</summary>
    public const string Description = "Run a shell script or specify the commands to run.";

    /// <summary>The kind of document, its language and the systems that it is for.</summary>
    public const string DocumentType = "Command", SchemaVersion = "1.2", DocumentFormat = "JSON", Platform = "Linux";

    /// <summary>Its text.</summary>
    public const string Content =
        """
        {
            "schemaVersion": "1.2",
            "description": "Run a shell script or specify the commands to run.",
            "parameters": {
                "commands": {
                    "type": "StringList",
                    "description": "(Required) Specify a shell script or a command to run.",
                    "minItems": 1,
                    "displayType": "textarea"
                },
                "workingDirectory": {
                    "type": "String",
                    "default": "",
                    "description": "(Optional) The path to the working directory on your instance.",
                    "maxChars": 4096
                },
                "executionTimeout": {
                    "type": "String",
                    "default": "3600",
                    "description": "(Optional) The seconds after which a command that has not ended has failed.",
                    "allowedPattern": "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)"
                }
            },
            "runtimeConfig": {
                "aws:runShellScript": {
                    "properties": [
                        {
                            "id": "0.aws:runShellScript",
                            "runCommand": "{{ commands }}",
                            "workingDirectory": "{{ workingDirectory }}",
                            "timeoutSeconds": "{{ executionTimeout }}"
                        }
                    ]
                }
            }
        }
        """;

    /// <summary>When it came to be.</summary>
    public static readonly DateTimeOffset CreatedDate = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The SHA-256 of its text.</summary>
    public static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Content)));

    /// <summary>Refuses names and versions of documents that there are not.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidDocument, InvalidDocumentVersion.</exception>
    public static void Check(string name, string? version)
    {
        if (name != ShellScript.DocumentName)
            throw SsmError.InvalidDocument(name);
        if (version is not (null or DocumentVersion or "$DEFAULT" or "$LATEST"))
        {
            throw SsmError.Of(
                "InvalidDocumentVersion", $"{ShellScript.DocumentName} has the version {DocumentVersion} only.");
        }
    }
}
