DROP INDEX payments_of_user;
DROP INDEX tasks_parked;
