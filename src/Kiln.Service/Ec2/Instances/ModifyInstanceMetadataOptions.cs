using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Changes how an instance's metadata service answers.</summary>
[Operation("ec2:ModifyInstanceMetadataOptions")]
public sealed class ModifyInstanceMetadataOptions(Db db, TimeProvider clock)
    : IOperation<ModifyInstanceMetadataOptions.Request, ModifyInstanceMetadataOptions.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }
        public string? HttpTokens { get; init; }
        public int? HttpPutResponseHopLimit { get; init; }
        public string? HttpEndpoint { get; init; }
        public string? HttpProtocolIpv6 { get; init; }
        public string? InstanceMetadataTags { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(string InstanceId, MetadataOptionsItem InstanceMetadataOptions);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        instance.MetadataOptions = MetadataOptionsRules.Merge(
            instance.MetadataOptions, request.HttpTokens, request.HttpPutResponseHopLimit, request.HttpEndpoint,
            request.HttpProtocolIpv6, request.InstanceMetadataTags);
        var tags = await Tagging.Of(db, call.AccountId, [instance.Id], cancel);
        MetadataOptionsRules.CheckTags(instance.MetadataOptions, tags.Of(instance.Id));
        await db.SaveChangesAsync(cancel);
        return new Response(instance.Id, MetadataOptionsItem.Of(instance.MetadataOptions));
    }
}
