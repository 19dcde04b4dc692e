using System.Text.Json.Nodes;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ssm.Commands;

namespace Kiln.Service.Ssm.Documents;

/// <summary>Tells what a document is and takes. Systems Manager API Reference "DescribeDocument".</summary>
[Operation("ssm:DescribeDocument")]
public sealed class DescribeDocument : IOperation<DescribeDocument.Request, DescribeDocument.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("a document's versions have no names here", "VersionName")]
    public sealed record Request
    {
        public required string Name { get; init; }

        public string? DocumentVersion { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response(DocumentDescription? Document);

    /// <summary>A document without its text. Systems Manager API Reference "DocumentDescription".</summary>
    public sealed record DocumentDescription
    {
        public string Hash { get; init; } = RunShellScript.Hash;

        public string HashType { get; init; } = "Sha256";

        public string Name { get; init; } = ShellScript.DocumentName;

        public string Owner { get; init; } = RunShellScript.Owner;

        public DateTimeOffset CreatedDate { get; init; } = RunShellScript.CreatedDate;

        public string Status { get; init; } = "Active";

        public string DocumentVersion { get; init; } = RunShellScript.DocumentVersion;

        public string Description { get; init; } = RunShellScript.Description;

        public required IReadOnlyList<DocumentParameter> Parameters { get; init; }

        public IReadOnlyList<string> PlatformTypes { get; init; } = [RunShellScript.Platform];

        public string DocumentType { get; init; } = RunShellScript.DocumentType;

        public string SchemaVersion { get; init; } = RunShellScript.SchemaVersion;

        public string LatestVersion { get; init; } = RunShellScript.DocumentVersion;

        public string DefaultVersion { get; init; } = RunShellScript.DocumentVersion;

        public string DocumentFormat { get; init; } = RunShellScript.DocumentFormat;
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        RunShellScript.Check(request.Name, request.DocumentVersion);
        await call.Authorize(Arn.SsmDocument(call.Region, request.Name));
        var parameters = JsonNode.Parse(RunShellScript.Content)!["parameters"]!.AsObject();
        return new Response(new DocumentDescription
        {
            Parameters =
            [
                .. parameters.Select(p => new DocumentParameter(p.Key, (string)p.Value!["type"]!,
                    (string)p.Value["description"]!, (string?)p.Value["default"])),
            ],
        });
    }
}
