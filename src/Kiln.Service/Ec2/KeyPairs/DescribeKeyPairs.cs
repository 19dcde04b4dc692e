using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>Lists the account's key pairs in a Region.</summary>
[Operation("ec2:DescribeKeyPairs")]
public sealed class DescribeKeyPairs(Db db) : IOperation<DescribeKeyPairs.Request, DescribeKeyPairs.Response>
{
    private static readonly FilterSet<KeyPair> Filters = new FilterSet<KeyPair>()
        .Text("fingerprint", k => k.Fingerprint)
        .Text("key-name", k => k.Name)
        .Text("key-pair-id", k => k.Id)
        .Tags(k => k.Id);

    public sealed record Request
    {
        [Wire("KeyName")] public IReadOnlyList<string> KeyNames { get; init; } = [];
        [Wire("KeyPairId")] public IReadOnlyList<string> KeyPairIds { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public bool IncludePublicKey { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response([property: Wire("keySet")] IReadOnlyList<KeyPairItem> KeyPairs);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var rows = db.KeyPairs.AsNoTracking().Where(k => k.AccountId == call.AccountId && k.Region == call.Region);
        rows = await Given.Narrow(rows, request.KeyNames, k => k.Name, Ec2Error.InvalidKeyPairNotFound, cancel);
        rows = await Given.Narrow(rows, request.KeyPairIds, k => k.Id, Ec2Error.InvalidKeyPairNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var found = (await narrowed.OrderBy(k => k.Name).ToListAsync(cancel)).FindAll(k => rest is null || rest(k));
        var tags = await Tagging.Of(db, call.AccountId, [.. found.Select(k => k.Id)], cancel);
        return new Response([.. found.Select(k => KeyPairItem.Of(k, request.IncludePublicKey, tags.Of(k.Id)))]);
    }
}
