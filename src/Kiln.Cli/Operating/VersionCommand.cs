using System.CommandLine;
using System.Reflection;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The product's version.</summary>
    public static string Version { get; } = typeof(VersionCommand).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The verb.</summary>
    public static Command Make()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ => Console.Out.WriteLine($"kiln {Version}"));
        return command;
    }
}
