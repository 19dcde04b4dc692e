using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kiln.Conformance.Fixtures;

/// <summary>Ends what outlives a Kiln on purpose, for tests that are over: machines, their folders and networks.
/// </summary>
internal static class GuestLeftovers
{
    /// <summary>Removes everything that machines of a data folder have.</summary>
    public static async Task Remove(string dataFolder)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataFolder)))[..8];
        var root = (Environment.UserName == "root" ? "/run/kiln/" : $"/tmp/kiln-{await UserId()}/") + hash;
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out _)
                && CommandOf(process).Contains($"path={root}/", StringComparison.Ordinal))
                await Command.Run("kill", ["-KILL", Path.GetFileName(process)]);
        }
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);
        if (!Directory.Exists("/run/netns"))
            return;
        foreach (var space in Directory.EnumerateFiles("/run/netns", $"kiln-{hash}-*"))
            await Command.Run("ip", ["netns", "delete", Path.GetFileName(space)]);
    }

    private static async Task<string> UserId() => (await Command.Run("id", ["-u"])).Output.Trim();

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
