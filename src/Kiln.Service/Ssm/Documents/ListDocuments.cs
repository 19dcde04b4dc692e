using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ssm.Commands;

namespace Kiln.Service.Ssm.Documents;

/// <summary>Lists the documents that SendCommand takes. Systems Manager API Reference "ListDocuments".</summary>
[Operation("ssm:ListDocuments")]
public sealed class ListDocuments(Paging paging) : IOperation<ListDocuments.Request, ListDocuments.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("use Filters, which AWS prefers", "DocumentFilterList")]
    public sealed record Request
    {
        [MaxLength(6)] public IReadOnlyList<DocumentKeyValuesFilter> Filters { get; init; } = [];

        [Range(1, 50)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<DocumentIdentifier> DocumentIdentifiers { get; init; } = [];
    }

    /// <summary>A document in a list. Systems Manager API Reference "DocumentIdentifier".</summary>
    public sealed record DocumentIdentifier
    {
        public string Name { get; init; } = ShellScript.DocumentName;

        public DateTimeOffset CreatedDate { get; init; } = RunShellScript.CreatedDate;

        public string Owner { get; init; } = RunShellScript.Owner;

        public IReadOnlyList<string> PlatformTypes { get; init; } = [RunShellScript.Platform];

        public string DocumentVersion { get; init; } = RunShellScript.DocumentVersion;

        public string DocumentType { get; init; } = RunShellScript.DocumentType;

        public string SchemaVersion { get; init; } = RunShellScript.SchemaVersion;

        public string DocumentFormat { get; init; } = RunShellScript.DocumentFormat;
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        // There is one page, so no token is one of Kiln's.
        if (request.NextToken is { } token)
            paging.Open(token, call);
        return new Response
        {
            DocumentIdentifiers = request.Filters.All(f => f.Passes()) ? [new DocumentIdentifier()] : [],
        };
    }
}
