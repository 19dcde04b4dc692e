using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Tells how a command stands on an instance, and what it printed. Systems Manager API Reference
/// "GetCommandInvocation".</summary>
[Operation("ssm:GetCommandInvocation")]
public sealed class GetCommandInvocation(Db db)
    : IOperation<GetCommandInvocation.Request, GetCommandInvocation.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(36, 36)] public required string CommandId { get; init; }

        public required string InstanceId { get; init; }

        public string? PluginName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required string CommandId { get; init; }

        public required string InstanceId { get; init; }

        public required string Comment { get; init; }

        public required string DocumentName { get; init; }

        public required string DocumentVersion { get; init; }

        public required string PluginName { get; init; }

        public required int ResponseCode { get; init; }

        public required string ExecutionStartDateTime { get; init; }

        public required string ExecutionElapsedTime { get; init; }

        public required string ExecutionEndDateTime { get; init; }

        public required CommandStatus Status { get; init; }

        public required string StatusDetails { get; init; }

        public required string StandardOutputContent { get; init; }

        /// <summary>Where the whole output is; Kiln has no S3, and AWS says nothing then.</summary>
        public string StandardOutputUrl { get; init; } = "";

        public required string StandardErrorContent { get; init; }

        public string StandardErrorUrl { get; init; } = "";
    }

    /// <summary>The document's only step.</summary>
    internal const string Plugin = "aws:runShellScript";

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        if (request.PluginName is not (null or Plugin))
            throw SsmError.Of("InvalidPluginName", $"The document's only plugin is {Plugin}.");
        var command = await db.RunCommands.AsNoTracking().SingleOrDefaultAsync(c => c.Id == request.CommandId
            && c.AccountId == call.AccountId && c.Region == call.Region, cancel)
            ?? throw SsmError.Of("InvocationDoesNotExist", "");
        var found = await db.Invocations.AsNoTracking().SingleOrDefaultAsync(i => i.CommandId == request.CommandId
            && i.InstanceId == request.InstanceId, cancel) ?? throw SsmError.Of("InvocationDoesNotExist", "");
        return new Response
        {
            CommandId = command.Id,
            InstanceId = found.InstanceId,
            Comment = command.Comment,
            DocumentName = command.DocumentName,
            DocumentVersion = command.DocumentVersion,
            PluginName = Plugin,
            ResponseCode = found.ResponseCode,
            ExecutionStartDateTime = Text(found.StartedAt),
            ExecutionElapsedTime = found is { StartedAt: { } start, EndedAt: { } end } ? Elapsed(end - start) : "",
            ExecutionEndDateTime = Text(found.EndedAt),
            Status = found.Status,
            StatusDetails = found.StatusDetails,
            StandardOutputContent = found.Output,
            StandardErrorContent = found.Error,
        };
    }

    private static string Text(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";

    private static string Elapsed(TimeSpan time) => string.Create(
        CultureInfo.InvariantCulture, $"PT{time.TotalSeconds:0.###}S");
}
