using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Lists the instances that commands reach. Systems Manager API Reference
/// "DescribeInstanceInformation".</summary>
/// <remarks>
/// An instance is listed from when its agent is first heard on this node; one that is silent since is
/// <c>ConnectionLost</c>. A simulated instance has no agent and is never listed.
/// </remarks>
[Operation("ssm:DescribeInstanceInformation")]
public sealed class DescribeInstanceInformation(ManagedGuests guests, Paging paging)
    : IOperation<DescribeInstanceInformation.Request, DescribeInstanceInformation.Response>
{
    private const int PageMax = 50;

    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [MaxLength(10)] public IReadOnlyList<InstanceInformationStringFilter> Filters { get; init; } = [];

        [MaxLength(10)]
        public IReadOnlyList<InstanceInformationFilter> InstanceInformationFilterList { get; init; } = [];

        [Range(5, PageMax)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<InstanceInformation> InstanceInformationList { get; init; } = [];

        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        if (request.Filters.Count > 0 && request.InstanceInformationFilterList.Count > 0)
            throw SsmError.Validation("Give either Filters or InstanceInformationFilterList.");
        IReadOnlyList<InstanceInformationStringFilter> filters =
            [.. request.Filters, .. request.InstanceInformationFilterList.Select(f => f.Modern)];
        InstanceInformationStringFilter.Check(filters);
        var after = request.NextToken is { } token ? paging.Open(token, call) : null;
        var most = request.MaxResults ?? PageMax;
        var page = await guests.After(
            call.AccountId, call.Region, await Ids(filters, call, cancel), after, most + 1, cancel);
        var items = await Task.WhenAll(page.Take(most).Select(g => Item(g, cancel)));
        return new Response
        {
            InstanceInformationList =
            [
                .. items.OfType<InstanceInformation>().Where(i => InstanceInformationStringFilter.Pass(filters, i)),
            ],
            NextToken = page.Count > most ? paging.Seal(page[most - 1].InstanceId, call) : null,
        };
    }

    /// <summary>The instances that the rows let pass; null where no filter is of rows.</summary>
    private async Task<IReadOnlyList<string>?> Ids(
        IReadOnlyList<InstanceInformationStringFilter> filters, Call call, CancellationToken cancel)
    {
        IReadOnlyList<string>? ids = null;
        foreach (var filter in filters.Where(f => f.IsOfRows))
        {
            IEnumerable<string> some = filter switch
            {
                { TagKey: { } key } => (await guests.Tagged(
                    call.AccountId, call.Region, key, filter.Values, cancel)).Select(g => g.InstanceId),
                { Key: "tag-key" } => (await guests.Tagged(
                    call.AccountId, call.Region, filter.Values, cancel)).Select(g => g.InstanceId),
                _ => filter.Values,
            };
            ids = [.. ids is null ? some : ids.Intersect(some)];
        }
        return ids;
    }

    private async Task<InstanceInformation?> Item(ManagedGuest guest, CancellationToken cancel)
    {
        var answers = await guests.Answers(guest, cancel);
        var agent = guests.Agent(guest);
        if (answers != true && agent.HeardAt is null)
            return null;
        var system = answers == true ? await System(agent, cancel) : default;
        return new InstanceInformation
        {
            InstanceId = guest.InstanceId,
            PingStatus = answers == true ? "Online" : "ConnectionLost",
            LastPingDateTime = agent.HeardAt,
            AgentVersion = "qemu-guest-agent",
            PlatformType = "Linux",
            PlatformName = Text(system, "name"),
            PlatformVersion = Text(system, "version-id"),
            ResourceType = "EC2Instance",
            IPAddress = guest.PrivateIpAddress,
            Name = guest.Name,
        };
    }

    private static async Task<JsonElement> System(GuestAgent agent, CancellationToken cancel)
    {
        try
        {
            return await agent.OsInfo(cancel);
        }
        catch (Exception silent) when (silent is IOException or QmpException)
        {
            return default;
        }
    }

    // What a machine says of itself is a stranger's text.
    private static string Text(JsonElement system, string name) =>
        system.ValueKind == JsonValueKind.Object && system.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: <= 100 } text ? text : "";
}
