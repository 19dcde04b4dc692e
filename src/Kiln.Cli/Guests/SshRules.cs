using System.Globalization;
using System.Net;
using System.Xml.Linq;
using Kiln.Cli.Connections;

namespace Kiln.Cli.Guests;

/// <summary>Whether an instance's security groups let this host at its SSH, said before ssh is refused.</summary>
internal static class SshRules
{
    private const int Port = 22;

    // An instance's address on this host is one of its loopback, and whoever calls it comes from there.
    private static readonly IPAddress Here = IPAddress.Loopback;

    /// <summary>Refuses an instance that no rule lets this host log in to.</summary>
    /// <exception cref="CliException">Names the groups, and the command that adds the rule.</exception>
    public static async Task Check(AwsClient client, XElement instance, string host, CancellationToken cancel)
    {
        string[] groups = [.. Items(instance, "groupSet").Select(g => g.Element("groupId")!.Value)];
        if (groups.Length == 0 || !IPAddress.TryParse(host, out var address) || !IPAddress.IsLoopback(address))
            return;
        XElement answer;
        try
        {
            answer = await client.Ec2("DescribeSecurityGroups",
                [.. groups.Select((id, n) => ($"GroupId.{n + 1}", id))], cancel);
        }
        catch (CallException)
        {
            // Who may not read the groups has ssh's word instead.
            return;
        }
        var found = Items(answer, "securityGroupInfo").ToList();
        if (found.SelectMany(g => Items(g, "ipPermissions")).Any(Allows))
            return;
        var names = string.Join(", ", found.Select(
            g => $"{g.Element("groupName")?.Value} ({g.Element("groupId")?.Value})"));
        throw new CliException($"Nothing lets this host in: of the security groups of the instance, {names}, no "
            + $"inbound rule allows TCP port {Port} from {Here}. Add one:\n  aws ec2 authorize-security-group-ingress "
            + $"--group-id {groups[0]} --protocol tcp --port {Port} --cidr {Here}/32 "
            + $"--region {client.Connection.Region} --endpoint-url {client.Connection.Endpoint}");
    }

    private static bool Allows(XElement rule)
    {
        var protocol = rule.Element("ipProtocol")?.Value;
        if (protocol != "-1" && (protocol is not ("tcp" or "6") || Number(rule, "fromPort") > Port
            || Number(rule, "toPort") < Port))
            return false;
        return Items(rule, "ipRanges").Any(
            r => IPNetwork.TryParse(r.Element("cidrIp")?.Value, out var range) && range.Contains(Here));
    }

    private static int? Number(XElement rule, string name) =>
        int.TryParse(rule.Element(name)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : null;

    private static IEnumerable<XElement> Items(XElement parent, string list) =>
        parent.Element(list)?.Elements("item") ?? [];
}
