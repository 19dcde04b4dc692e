using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ssm.Commands;

namespace Kiln.Service.Ssm.Documents;

/// <summary>Reads a document's text. Systems Manager API Reference "GetDocument".</summary>
[Operation("ssm:GetDocument")]
public sealed class GetDocument : IOperation<GetDocument.Request, GetDocument.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("a document's versions have no names here", "VersionName")]
    public sealed record Request
    {
        public required string Name { get; init; }

        public string? DocumentVersion { get; init; }

        public string? DocumentFormat { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public string Name { get; init; } = ShellScript.DocumentName;

        public DateTimeOffset CreatedDate { get; init; } = RunShellScript.CreatedDate;

        public string DocumentVersion { get; init; } = RunShellScript.DocumentVersion;

        public string Status { get; init; } = "Active";

        public string Content { get; init; } = RunShellScript.Content;

        public string DocumentType { get; init; } = RunShellScript.DocumentType;

        public string DocumentFormat { get; init; } = RunShellScript.DocumentFormat;
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        RunShellScript.Check(request.Name, request.DocumentVersion);
        if (request.DocumentFormat is not (null or RunShellScript.DocumentFormat))
            throw SsmError.Validation("DocumentFormat: a document is given as JSON here.");
        await call.Authorize(Arn.SsmDocument(call.Region, request.Name));
        return new Response();
    }
}
