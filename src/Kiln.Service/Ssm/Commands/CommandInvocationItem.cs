using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A command on an instance, as it is listed. Systems Manager API Reference "CommandInvocation".</summary>
public sealed record CommandInvocationItem
{
    /// <summary>A listing shows this much of a step's output.</summary>
    private const int OutputMax = 2500;

    /// <summary>The command.</summary>
    public required string CommandId { get; init; }

    /// <summary>The instance.</summary>
    public required string InstanceId { get; init; }

    /// <summary>The instance's name when the command was sent.</summary>
    public required string InstanceName { get; init; }

    /// <summary>The comment.</summary>
    public required string Comment { get; init; }

    /// <summary>The document.</summary>
    public required string DocumentName { get; init; }

    /// <summary>Its version.</summary>
    public required string DocumentVersion { get; init; }

    /// <summary>When it was sent.</summary>
    public required DateTimeOffset RequestedDateTime { get; init; }

    /// <summary>Where it stands.</summary>
    public required CommandStatus Status { get; init; }

    /// <summary>In more words.</summary>
    public required string StatusDetails { get; init; }

    /// <summary>The document's step, where details were asked for.</summary>
    public IReadOnlyList<Plugin> CommandPlugins { get; init; } = [];

    /// <summary>A step. Systems Manager API Reference "CommandPlugin".</summary>
    public sealed record Plugin
    {
        /// <summary>The step's name.</summary>
        public required string Name { get; init; }

        /// <summary>Where it stands.</summary>
        public required string Status { get; init; }

        /// <summary>In more words.</summary>
        public required string StatusDetails { get; init; }

        /// <summary>The exit code.</summary>
        public required int ResponseCode { get; init; }

        /// <summary>When it began.</summary>
        public DateTimeOffset? ResponseStartDateTime { get; init; }

        /// <summary>When it ended.</summary>
        public DateTimeOffset? ResponseFinishDateTime { get; init; }

        /// <summary>Output and errors, 2500 characters of them.</summary>
        public required string Output { get; init; }
    }

    internal static CommandInvocationItem Of(RunCommand command, Invocation invocation, bool details)
    {
        return new CommandInvocationItem
        {
            CommandId = command.Id,
            InstanceId = invocation.InstanceId,
            InstanceName = invocation.InstanceName,
            Comment = command.Comment,
            DocumentName = command.DocumentName,
            DocumentVersion = command.DocumentVersion,
            RequestedDateTime = command.RequestedAt,
            Status = invocation.Status,
            StatusDetails = invocation.StatusDetails,
            CommandPlugins = !details ? [] :
            [
                new Plugin
                {
                    Name = GetCommandInvocation.Plugin,
                    // A step has no state of its own for being cancelled.
                    Status = EnumTable.Of(typeof(CommandStatus)).Text(
                        invocation.Status == CommandStatus.Cancelling ? CommandStatus.InProgress : invocation.Status),
                    StatusDetails = invocation.StatusDetails,
                    ResponseCode = invocation.ResponseCode,
                    ResponseStartDateTime = invocation.StartedAt,
                    ResponseFinishDateTime = invocation.EndedAt,
                    Output = Short(invocation.Output, invocation.Error),
                },
            ],
        };
    }

    // As AWS's agent does it: each has half of the room, and what one leaves is the other's.
    private static string Short(string output, string error)
    {
        const string Title = "\n----------ERROR-------\n", OutputCut = "\n---Output truncated---",
            ErrorCut = "\n---Error truncated----";
        if (error.Length == 0)
            return Invocation.Cut(output, OutputMax, OutputCut);
        var room = OutputMax - Title.Length;
        var ofOutput = Math.Max(room / 2, room - error.Length);
        var first = Invocation.Cut(output, ofOutput, OutputCut);
        return first + Title + Invocation.Cut(error, room - first.Length, ErrorCut);
    }
}
