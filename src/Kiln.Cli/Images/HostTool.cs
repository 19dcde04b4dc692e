namespace Kiln.Cli.Images;

/// <summary>Something that a recipe needs on this machine.</summary>
/// <param name="Probe">A command, or an absolute path, that shows it is there.</param>
/// <param name="Package">Debian's package.</param>
/// <param name="Reason">What it is for.</param>
public sealed record HostTool(string Probe, string Package, string Reason)
{
    /// <summary>Where commands are looked for: an ordinary user's path has no sbin on Debian.</summary>
    public static string SearchPath => (Environment.GetEnvironmentVariable("PATH") ?? "") + ":/usr/sbin:/sbin:/usr/bin";

    /// <summary>Whether it is there.</summary>
    public bool IsThere => Probe.StartsWith('/') ? File.Exists(Probe)
        : SearchPath.Split(':').Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, Probe)));

    /// <summary>Refuses where tools are missing, and names the packages to install.</summary>
    /// <exception cref="CliException">With a line for each package.</exception>
    public static void Check(string recipe, IEnumerable<HostTool> tools)
    {
        HostTool[] missing = [.. tools.Where(t => !t.IsThere).DistinctBy(t => t.Package)];
        if (missing.Length == 0)
            return;
        var lines = string.Concat(missing.Select(t => $"\n      {t.Package}: {t.Reason}"));
        throw new CliException($"To build the image '{recipe}', these packages are missing here:{lines}\n"
            + $"      Install them: sudo apt-get install {string.Join(' ', missing.Select(t => t.Package))}",
            ExitCodes.Usage);
    }
}
