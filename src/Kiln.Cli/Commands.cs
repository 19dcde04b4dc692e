using System.CommandLine;
using Kiln.Cli.Guests;
using Kiln.Cli.Images;
using Kiln.Cli.Import;
using Kiln.Cli.Operating;
using Kiln.Cli.Snapshots;
using Kiln.Cli.Tours;
using Kiln.Cli.Watching;

namespace Kiln.Cli;

/// <summary>The verbs that call a service. The host adds <c>serve</c>.</summary>
public static class Commands
{
    /// <summary>All of them.</summary>
    /// <param name="embed">Starts a service of its own for a tour.</param>
    public static IEnumerable<Command> All(Func<CancellationToken, Task<EmbeddedKiln>> embed) =>
    [
        SnapshotCommand.Make(), ImportCommand.Make(), ImageCommand.Make(), .. GuestCommands.All(),
        TourCommand.Make(embed), AccountCommand.Make(), ClockCommand.Make(), WorkCommand.Make(),
        CopiesCommand.Make(), CheckCommand.Make(), GarbageCommand.Make(), TopCommand.Make(), VersionCommand.Make(),
    ];
}
