using System.Globalization;
using System.Xml.Linq;

namespace Kiln.Cli.Guests;

/// <summary>Where an instance's SSH is: its address, and the port where the service forwards to it.</summary>
internal static class SshAddress
{
    /// <summary>The tag that tells the port at the public address, where that is not 22.</summary>
    public const string PortTag = "aws:kiln:ssh-port";

    private const string Begin = "-----BEGIN SSH HOST KEY KEYS-----", End = "-----END SSH HOST KEY KEYS-----";

    /// <summary>The address and port of an instance as DescribeInstances shows it.</summary>
    /// <exception cref="CliException">It has none.</exception>
    public static (string Host, int Port) Of(XElement instance)
    {
        var tag = instance.Element("tagSet")?.Elements("item")
            .FirstOrDefault(t => t.Element("key")?.Value == PortTag)?.Element("value")?.Value;
        var isPublic = instance.Element("ipAddress") is not null;
        var port = isPublic && int.TryParse(tag, NumberStyles.None, CultureInfo.InvariantCulture, out var other)
            ? other : 22;
        return (instance.Element("ipAddress") ?? instance.Element("privateIpAddress"))?.Value is { } address
            ? (address, port)
            : throw new CliException("The instance has no address: is it running?");
    }

    /// <summary>The host keys that a machine has printed on its console, as known_hosts has them.</summary>
    public static IReadOnlyList<string> HostKeys(string console)
    {
        var begin = console.LastIndexOf(Begin, StringComparison.Ordinal);
        var end = begin < 0 ? -1 : console.IndexOf(End, begin, StringComparison.Ordinal);
        if (end < 0)
            return [];
        return
        [
            .. console[(begin + Begin.Length)..end].Split('\n', StringSplitOptions.TrimEntries)
                .Where(line => line.StartsWith("ssh-", StringComparison.Ordinal)
                    || line.StartsWith("ecdsa-", StringComparison.Ordinal))
                .Select(line => string.Join(' ', line.Split(' ').Take(2))),
        ];
    }
}
