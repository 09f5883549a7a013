# A whole campaign with Asterisk::Manager: made, run to its end, read and deleted.
# It takes whatever comes next for the answer to an action, so that one session
# acts with its events off and another one listens.
use strict;
use warnings;
use Asterisk::Manager;

sub session {
    my $session = Asterisk::Manager->new;
    $session->host('127.0.0.1');
    $session->port($ENV{AMI_PORT});
    $session->user($ENV{AMI_USER});
    $session->secret($ENV{AMI_SECRET});
    $session->connect or die $session->error;
    return $session;
}

my $actor    = session();
my $listener = session();

# The first thing after a login is the event FullyBooted, if one came before its answer.
sub act {
    my ($action, @headers) = @_;
    my %answer = $actor->sendcommand(Action => $action, @headers);
    %answer = map { split(/: ?/, $_, 2) } $actor->read_response while !$answer{Response};
    die "$action: $answer{Message}\n" if $answer{Response} ne 'Success';
    return %answer;
}

sub create {
    my ($kind, @headers) = @_;
    my %answer = act("Out${kind}Create", @headers);
    return $answer{Uuid};
}

# The entries of a list.
sub list {
    my ($action, @headers) = @_;
    act($action, @headers);
    my @entries;
    while (1) {
        my %entry = map { split(/: ?/, $_, 2) } $actor->read_response;
        return @entries if ($entry{EventList} // '') eq 'Complete';
        push @entries, \%entry;
    }
}

act('Events', EventMask => 'off');
my $plan = create('Plan', Name => 'perl', TechName => 'Local/', TrunkName => 'callee', MaxRetry1 => 1);
my $destination = create('Destination', Exten => 'hangup', Context => 'destinations');
my $dlma = create('Dlma', Name => 'perl');
my @targets = map { create('DlList', DlmaUuid => $dlma, Number1 => $_) } split ' ', $ENV{NUMBERS};
my $campaign = create('Campaign', Name => 'perl', Plan => $plan, Dest => $destination, Dlma => $dlma);

my (@statuses, @dialled);
$listener->setcallback(OutCampaignUpdate => sub {
    my %event = @_;
    push @statuses, $event{Status} if $event{Uuid} eq $campaign;
});
$listener->setcallback(OutDialingDelete => sub {
    my %event = @_;
    push @dialled, $event{DialAddr} if $event{CampUuid} eq $campaign;
});
act('OutCampaignUpdate', Uuid => $campaign, Status => 1);
alarm 40;
$listener->handleevent until @statuses && $statuses[-1] eq '0';

my ($stat) = list('OutCampaignStatShow', Uuid => $campaign);
my @entries = list('OutDlListShow', DlmaUuid => $dlma);
act('OutCampaignUpdate', Uuid => $campaign, Status => 0);
act('OutCampaignDelete', Uuid => $campaign);
act('OutDlListDelete', Uuid => $_) for @targets;
act('OutDlmaDelete', Uuid => $dlma);
act('OutDestinationDelete', Uuid => $destination);
act('OutPlanDelete', Uuid => $plan);

my $quoted = sub { '[' . join(', ', map { "\"$_\"" } @_) . ']' };
printf "{\"statuses\": %s, \"dialled\": %s, \"finished\": \"%s\", \"entries\": %d}\n",
    $quoted->(@statuses), $quoted->(@dialled), $stat->{DlFinishedCount}, scalar @entries;
